failhost hosta protocol sctp
