//! Addresses of a name, of the kind that is wanted, and connections to the first that answers.
