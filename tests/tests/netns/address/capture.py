# Prints each frame of neighbours (ARP, neighbour discovery) on a device, in hex, with the
# milliseconds since the first one, by the clock of the kernel, so that it does not matter when
# this program itself runs. A witness: nothing of it is ours.
import socket, struct, sys

SO_TIMESTAMPNS = 35

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
wire.bind((sys.argv[1], 3))
print("ready", flush=True)
first = None
while True:
    frame, notes, _, (_, _, kind, _, _) = wire.recvmsg(2048, 256)
    arp = frame[12:14] == b"\x08\x06"
    nd = frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] in (135, 136)
    if kind != socket.PACKET_OUTGOING and (arp or nd):
        [stamp] = [note for _, what, note in notes if what == SO_TIMESTAMPNS]
        seconds, ns = struct.unpack("@qq", stamp)
        now = seconds * 1000 + ns // 1_000_000
        first = first or now
        print(now - first, frame.hex(), flush=True)
