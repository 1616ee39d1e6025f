load tcp
x:
	tcp y:1
	http http://x/
y:
	http http://y/
	icmp y
