load tcp http
x y = 5
x:
	maintenance Sun 01:00-02:00 UTC
	http http://bücher.example/
	http http://x/bücher
