set x 1
expr {$x / 0}
