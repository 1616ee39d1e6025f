failtrap {} up {mail}
