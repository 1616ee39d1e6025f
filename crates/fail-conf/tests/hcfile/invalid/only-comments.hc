# nothing

   # here \
	#  whatever  stands in comments
