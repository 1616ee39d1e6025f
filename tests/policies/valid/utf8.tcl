# Comments in UTF-8 – «prüfen», проверка, 検査 – whatever the locale says. 😀
proc grüße {} { return "Grüße aus Zürich" }
failsvc wéb start {grüße; return UP} stop {return RECOVER} check {
    # ob der Dienst läuft
    return UP
}
failsvc [string repeat é 32] start {return UP} stop {return RECOVER}
