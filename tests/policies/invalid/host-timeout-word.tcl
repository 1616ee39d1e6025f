failhost hosta timeout long
