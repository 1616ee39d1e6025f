failhost hosta timeout 0
