proc service {name} {
    failsvc $name colour blue
}
service web
