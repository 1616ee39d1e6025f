//! TLS, and the certificate that was shown: who it is for and how many days it has left.
