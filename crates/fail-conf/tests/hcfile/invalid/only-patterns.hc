load tcp
web-%:
	tcp $@:80
