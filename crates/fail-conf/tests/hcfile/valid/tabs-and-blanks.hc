load	tcp 
	
x:	 y 
 	  tcp	a:1	 expect=b  
        rise	3
	fall 4
   
y	:
	tcp b:2
