failhost hosta port 0
