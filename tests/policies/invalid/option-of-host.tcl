failhost hosta interval 3
