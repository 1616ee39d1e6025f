//! hc as its users have it: the real program, real servers, real networks.

mod modules_page;
