failhost hosta community {}
