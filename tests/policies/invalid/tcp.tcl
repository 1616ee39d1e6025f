failhost hosta protocol tcp
