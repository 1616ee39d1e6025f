fail over
