# Prints each frame of neighbours (ARP, neighbour discovery) on a device, in hex, with the
# milliseconds since the first one. A witness: nothing of it is ours.
import socket, sys, time

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((sys.argv[1], 3))
print("ready", flush=True)
first = None
while True:
    frame, (_, _, kind, _, _) = wire.recvfrom(2048)
    arp = frame[12:14] == b"\x08\x06"
    nd = frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] in (135, 136)
    if kind != socket.PACKET_OUTGOING and (arp or nd):
        now = time.monotonic()
        first = first or now
        print(int((now - first) * 1000), frame.hex(), flush=True)
