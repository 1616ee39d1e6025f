# Asks two addresses for an echo all the time, one of IPv4 and one of IPv6, and prints a line
# for each answer: the address, and the milliseconds that it took.
import select, socket, struct, sys, time

EVERY = 0.01

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

v4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.getprotobyname("icmp"))
v6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
number = 0
print("ready", flush=True)
while True:
    number = number % 60000 + 1
    for wire, kind, to in (v4, 8, sys.argv[1]), (v6, 128, sys.argv[2]):
        rest = struct.pack("!HHd", 1847, number, time.monotonic())
        # The kernel fills in the checksum of ICMPv6 by itself.
        check = checksum(struct.pack("!BBH", kind, 0, 0) + rest) if wire is v4 else 0
        try:
            wire.sendto(struct.pack("!BBH", kind, 0, check) + rest, (to, 0))
        except OSError:
            pass
    end = time.monotonic() + EVERY
    while True:
        ready, _, _ = select.select([v4, v6], [], [], max(0, end - time.monotonic()))
        if not ready:
            break
        for wire in ready:
            data, who = wire.recvfrom(2048)
            data = data[20:] if wire is v4 else data
            if data[0] in (0, 129) and struct.unpack("!H", data[4:6])[0] == 1847:
                sent = struct.unpack("!d", data[8:16])[0]
                print(who[0], round((time.monotonic() - sent) * 1000, 1), flush=True)
