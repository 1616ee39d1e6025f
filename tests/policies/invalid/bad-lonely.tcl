failsvc web lonely yes
