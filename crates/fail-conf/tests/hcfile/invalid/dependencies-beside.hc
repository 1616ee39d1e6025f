load tcp
frob
www: roter router
	tcp x:1
bad*: x
router: www
	tcp y:1
# the colon is missing, so that it is not known whether this is a target
web db
mail: web
	tcp z:1
