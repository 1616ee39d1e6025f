failtrap * up "mail \{"
