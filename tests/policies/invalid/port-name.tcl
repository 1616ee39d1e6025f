failhost hosta port http
