//! `ldap`: a slapd; and liars.
