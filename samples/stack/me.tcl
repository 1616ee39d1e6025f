# Who is this host? One of the names in web.tcl.
set me hosta
