failhost hosta community {two words}
