load tcp
x:
	tcp y:1 expect="a‮b"
	tcp y:1
	tcp y:1 ​
﻿y:
	tcp y:1
