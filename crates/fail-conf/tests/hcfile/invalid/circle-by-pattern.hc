load tcp
%: router
	tcp y:1
router: uplink
uplink:
