"""A decoder and small client for version 1 of failover-protocol(7)."""
import hashlib, hmac, json, secrets, socket, sys, time

TYPES = {1: "query", 2: "change", 5: "report", 6: "report_asked", 7: "set_level", 0x81: "answer", 0x85: "reported", 0x87: "levels", 0xff: "refusal"}
STATES = {0: "FAIL", 1: "RECOVER", 2: "UP"}
MARKS = {1: "held", 2: "away", 4: "unsupervised", 8: "unpublished", 16: "unreadable", 32: "starting"}

def mac(community, data): return hmac.new(community.encode(), data, hashlib.sha256).digest()
def text(word): return bytes([len(word.encode())]) + word.encode()

class Reader:
    def __init__(self, data): self.data = data
    def take(self, n):
        if n > len(self.data): raise ValueError("message too short")
        part, self.data = self.data[:n], self.data[n:]
        return part
    def u(self, bits, signed=False): return int.from_bytes(self.take(bits // 8), "big", signed=signed)
    def text(self):
        text = self.take(self.u(8)).decode()
        if len(text.encode()) > 200 or any(c < " " or "\x7f" <= c < "\xa0" for c in text): raise ValueError("bad text")
        return text
    def name(self, empty=False):
        n = self.text()
        bad = len(n.encode()) > 64 or n[:1] == "-" or any(c.isspace() or c in "*?[]{}()\\\"'$;#|&" for c in n)
        if bad or not (n or empty): raise ValueError("bad name")
        return n
    def state(self, states=STATES): return states[self.u(8)]  # KeyError: unknown
    def marks(self):
        bits = self.u(8)
        return [word for bit, word in MARKS.items() if bits & bit]
    def record(self):
        r = Reader(self.take(self.u(16)))
        return dict(service=r.name(), state=r.state(), marks=r.marks(), version=r.u(64), age_ms=r.u(64),
                    last_change_ms=r.u(64, signed=True), reason=r.text())
    def query(self):
        return dict(beat=dict(nonce=self.u(64), count=self.u(64), interval_ms=self.u(32)),
                    after=self.name(empty=True), names=[self.name() for _ in range(self.u(16))])
    def change(self):
        return dict(nonce=self.u(64), version=self.u(64), service=self.name(), state=self.state({**STATES, 255: None}),
                    set=self.marks(), clear=self.marks(), reason=self.text(), interval_ms=self.u(32))
    def answer(self): return dict(nonce=self.u(64), more=bool(self.u(8) & 1), records=[self.record() for _ in range(self.u(16))])
    def hears(self): return [dict(host=self.name(), nonce=self.u(64), reachable=bool(self.u(8) & 1)) for _ in range(self.u(16))]
    def report(self): return dict(hears=self.hears())
    def report_asked(self): return {}
    def reported(self):
        age_ms, told = self.u(64), self.u(8) & 1
        return dict(age_ms=age_ms if told else None, hears=self.hears())
    def set_level(self):
        stamp, there = self.u(64), self.u(8)
        return dict(stamp=stamp, set=dict(facility=self.text(), level=self.u(8)) if there else None)
    def levels(self):
        return dict(stamp=self.u(64), program=self.text(),
                    levels=[dict(facility=self.text(), level=self.u(8)) for _ in range(self.u(8))])
    def refusal(self): return dict(code=self.u(8), detail=self.u(32), word=self.text(), record=self.record() if self.u(8) else None)

def decode(community, data):
    if len(data) < 48 or data[:3] != b"FO\x01": raise ValueError("not a message of version 1")
    kind, signed = TYPES[data[3]], hmac.compare_digest(data[16:48], mac(community, data[:16] + data[48:]))
    return dict(type=kind, key_id=int.from_bytes(data[4:8], "big"), request=int.from_bytes(data[8:16], "big"),
                signed=signed, **getattr(Reader(data[48:]), kind)())

def ask(community, address, kind, body, size=1400, seconds=5):
    key_id, request = mac(community, b"failover key id")[:4], secrets.randbelow(2**64 - 1) + 1
    head, body = b"FO\x01" + bytes([kind]) + key_id + request.to_bytes(8, "big"), body.ljust(size - 48, b"\0")
    family, _, _, _, address = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    end, reply = time.monotonic() + seconds, dict(type=None, error="no answer")
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.sendto(head + mac(community, head + body) + body, address)
        while (left := end - time.monotonic()) > 0:
            s.settimeout(left)
            try: data = s.recv(65535); m = decode(community, data)
            except (ValueError, KeyError, socket.timeout): continue
            if m["request"] != request or m["type"] not in ("answer", "refusal"): continue
            if m["signed"] and data[4:8] == key_id: return m
            if m["type"] == "refusal" and not any(data[4:8] + data[16:48]): reply = m  # from a stranger: said at the end
    return reply

def query(community, address, *names):
    records, after, tail = [], "", len(names).to_bytes(2, "big") + b"".join(map(text, names))
    while True:
        m = ask(community, address, 1, bytes(20) + text(after) + tail)
        records += m.get("records", [])
        if m["type"] != "answer": return m
        if not (m["more"] and m["records"]): return dict(m, records=records)
        after = records[-1]["service"]

def change(community, address, service, state, why):
    m = query(community, address, service)
    if not m.get("records"): return m
    code = {"LEAVE": 255, **{word: n for n, word in STATES.items()}}[state.upper()]
    return ask(community, address, 2, m["nonce"].to_bytes(8, "big") + m["records"][0]["version"].to_bytes(8, "big")
               + text(service) + bytes([code, 0, 0]) + text(why) + bytes(4))

if __name__ == "__main__":
    command, community, *rest = sys.argv[1:]
    if command == "decode":
        for file in rest:
            try: print(json.dumps(decode(community, bytes.fromhex(open(file).read()))))
            except (ValueError, KeyError) as e: print(json.dumps(dict(error=repr(e))))
    else: print(json.dumps({"query": query, "change": change}[command](community, rest[:2], *rest[2:])))
