"""A datagram socket for notify.test, such as /dev/log: writes each datagram down as a line.

datagrams.py FILE SOCKET|udp: prints the port, or the path, and ends with its standard input.
"""

import socket
import sys
import threading

file, where = sys.argv[1:]
if where == "udp":
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    where = server.getsockname()[1]
else:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(where)


def listen():
    while True:
        datagram = server.recv(65536)
        with open(file, "ab") as out:
            out.write(datagram + b"\n")


threading.Thread(target=listen, daemon=True).start()
print(where, flush=True)
sys.stdin.read()
