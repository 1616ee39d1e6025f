load exec http icmp nagios tcl
interval = 4s
slow:
	icmp 192.0.2.1 count=21
	icmp 192.0.2.1 count=20
	icmp 192.0.2.1 count=21 timeout=5s
	http http://x/ within=5s slow=1s
	http http://x/ timeout=1s slow=2s
	http http://x/ within=4s
files:
	exec /missing/program
	exec true
	nagios timeout=1s missing/plugin -w 1
	tcl missing.tcl proc
	tcl there.tcl proc
	on down exec missing/action
	on up exec there/action
	on up tcl missing.tcl proc
