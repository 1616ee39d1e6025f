load faild tcp
quiet = yes
here:
	faild web state=UP
away: here
	quiet no
	tcp x:1
web-%:
	quiet yes
web-1:
	tcp x:1
