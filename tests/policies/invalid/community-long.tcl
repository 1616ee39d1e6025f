failhost hosta community [string repeat k 129]
