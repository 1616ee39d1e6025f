failsvc web stop {return RECOVER} \
    start "if 1 \{ return UP"
