#!/usr/bin/env python3
"""Speaks the failover protocol. Written from failover-protocol(7) alone, to prove that the page
is enough: it shares no line with the suite.

decoder.py decode COMMUNITY FILE.hex ...                 each message as a line of JSON
decoder.py query  COMMUNITY HOST PORT [SERVICE ...]      the records of a live faild
decoder.py change COMMUNITY HOST PORT SERVICE STATE WHY  set a state; its answer
"""
import hashlib, hmac, json, secrets, socket, struct, sys

STATES = {0: "FAIL", 1: "RECOVER", 2: "UP", 255: None}
MARKS = ["held", "away", "unsupervised", "unpublished", "unreadable", "starting"]

def mac(community, data):
    return hmac.new(community.encode(), data, hashlib.sha256).digest()

class Fields:
    def __init__(self, data):
        self.data = data
    def take(self, n):
        if n > len(self.data):
            raise ValueError("it ends too early")
        head, self.data = self.data[:n], self.data[n:]
        return head
    def number(self, size):
        return int.from_bytes(self.take(size), "big")
    def text(self):
        return self.take(self.number(1)).decode()
    def marks(self):
        bits = self.number(1)
        return [word for bit, word in enumerate(MARKS) if bits >> bit & 1]
    def record(self):
        f = Fields(self.take(self.number(2)))
        return {"service": f.text(), "state": STATES[f.number(1)], "marks": f.marks(),
                "version": f.number(8), "age_ms": f.number(8),
                "last_change_ms": int.from_bytes(f.take(8), "big", signed=True), "reason": f.text()}

def query(f):
    return {"beat": {"nonce": f.number(8), "count": f.number(8), "interval_ms": f.number(4)},
            "after": f.text(), "names": [f.text() for _ in range(f.number(2))]}
def change(f):
    return {"nonce": f.number(8), "version": f.number(8), "service": f.text(), "state": STATES[f.number(1)],
            "set": f.marks(), "clear": f.marks(), "reason": f.text(), "interval_ms": f.number(4)}
def answer(f):
    return {"nonce": f.number(8), "more": bool(f.number(1) & 1), "records": [f.record() for _ in range(f.number(2))]}
def refusal(f):
    return {"code": f.number(1), "detail": f.number(4), "word": f.text(), "record": f.record() if f.number(1) else None}
TYPES = {1: query, 2: change, 0x81: answer, 0xff: refusal}

def decode(community, message):
    if len(message) < 48 or message[:3] != b"FO\x01":
        raise ValueError("no message of version 1")
    body = TYPES[message[3]]
    signed = hmac.compare_digest(message[16:48], mac(community, message[:16] + message[48:]))
    return {"type": body.__name__, "key_id": int.from_bytes(message[4:8], "big"),
            "request": int.from_bytes(message[8:16], "big"), "signed": signed, **body(Fields(message[48:]))}

def ask(community, address, kind, body, size):
    body, request = body.ljust(size - 48, b"\0"), secrets.randbits(63) + 1
    key_id = mac(community, b"failover key id")[:4]
    head = b"FO" + struct.pack(">BB4sQ", 1, kind, key_id, request)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(head + mac(community, head + body) + body, address)
        while True:
            said = decode(community, s.recv(65536))
            if said["request"] == request and (said["signed"] or said["type"] == "refusal"):
                return said

def text(word):
    return bytes([len(word.encode())]) + word.encode()

def read(community, address, names):
    records, more = [], True
    while more:
        after = records[-1]["service"] if records else ""
        body = struct.pack(">QQI", 0, 0, 0) + text(after) + struct.pack(">H", len(names)) + b"".join(map(text, names))
        page = ask(community, address, 1, body, 1400)
        if page["type"] != "answer":
            return page
        records, more = records + page["records"], page["more"]
    return {**page, "records": records}

def main(verb, community, *rest):
    if verb == "decode":
        for file in rest:
            print(json.dumps(decode(community, bytes.fromhex(open(file).read()))))
        return
    address, names = (rest[0], int(rest[1])), rest[2:]
    if verb == "change":
        (service, state, why), now = names, read(community, address, names[:1])
        state = next(code for code, word in STATES.items() if word == state)
        body = struct.pack(">QQ", now["nonce"], now["records"][0]["version"]) + text(service)
        body += bytes([state, 0, 0]) + text(why) + struct.pack(">I", 0)
        print(json.dumps(ask(community, address, 2, body, 353)))
    else:
        print(json.dumps(read(community, address, names)))

main(*sys.argv[1:])
