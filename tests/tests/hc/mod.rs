//! hc as its users have it: the real program, real servers, real networks.

mod load;
mod router;
mod modules_page;
