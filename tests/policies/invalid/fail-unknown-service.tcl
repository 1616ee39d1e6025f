puts [fail state web]
