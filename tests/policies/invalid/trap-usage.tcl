failtrap web up mail me
