fail after soon {puts x}
