failhost hosta port +80
