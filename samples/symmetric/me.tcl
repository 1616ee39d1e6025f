# Who is this host? One of the names in services.tcl.
set me hosta
