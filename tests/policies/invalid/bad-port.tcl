failhost hosta port 70000
