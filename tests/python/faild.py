"""A faild that is not of this suite's version, to see how its programs live with it.

    faild.py past       as the first version was: refuses the types that came later
    faild.py future     version 1 with additions: longer records and messages, unknown marks
    faild.py next       speaks only version 2, and refuses everything else

Prints its port, and then a line for each request: its type, or the number of that. It keeps
records in memory, and everybody with the community public may change them.
"""
import secrets
import socket
import sys
import time

import failover
from failover import HEARS, I64, MARKS, NAME, REASON, STATE, U8, U32, U64
from failover import bits, fields, many, maybe, measured

# What a later version may add: fields behind the last, further marks, further bits.
MORE = dict(tail=REASON, number=U64)
ADDED = dict(tail="and more", number=2**64 - 1)
FURTHER = bits({**MARKS, 64: "quiet", 128: "loud"})
FUTURE_RECORD = measured(fields(service=NAME, state=STATE, marks=FURTHER, version=U64,
                                age_ms=U64, last_change_ms=I64, reason=REASON, **MORE))
FUTURE = {
    0x81: fields(nonce=U64, more=U8, records=many(FUTURE_RECORD), **MORE),
    0x85: fields(age_ms=U64, told=U8, hears=HEARS, **MORE),
    0xff: fields(code=U8, detail=U32, word=REASON, record=maybe(FUTURE_RECORD), **MORE),
}


class Refuse(Exception):
    """What it does not do: the code, and the record as it is."""


class Faild:
    def __init__(self, mode):
        self.mode, self.records = mode, {}
        self.nonce = secrets.randbelow(2**64 - 1) + 1
        self.report = None
        self.handlers = dict(query=self.query, change=self.change, report=self.reported,
                             report_asked=self.reported)
        for number, layout in FUTURE.items() if mode == "future" else ():
            failover.MESSAGES[number] = (failover.MESSAGES[number][0], layout)

    def record(self, service):
        nothing = dict(state="FAIL", marks=["unpublished"], version=0, changed=None,
                       last_change_ms=0, reason="unknown")
        record = dict(nothing, **self.records.get(service, {}), service=service)
        changed = record.pop("changed")
        record["age_ms"] = int(1000 * (time.monotonic() - changed)) if changed else 0
        if self.mode == "future":
            record.update(ADDED, marks=record["marks"] + ["quiet", "loud"])
        return record

    def query(self, asked, size):
        names = sorted(set(asked["names"] or self.records), key=str.encode)
        names = [name for name in names if name.encode() > asked["after"].encode()]
        # The records here are much shorter than those that a client makes room for.
        records = [self.record(name) for name in names[:max(1, (size - 59) // 294)]]
        more = len(names) > len(records)
        # Bits that mean nothing today.
        flags = int(more) | (0xfe if self.mode == "future" else 0)
        return "answer", dict(nonce=self.nonce, more=flags, records=records)

    def change(self, asked, size):
        now = self.record(asked["service"])
        if asked["nonce"] != self.nonce:
            raise Refuse(7, now)
        if asked["version"] != now["version"]:
            raise Refuse(8, now)
        marks = set(now["marks"]) & set(MARKS.values()) | set(asked["set"])
        marks -= set(asked["clear"])
        if asked["state"]:
            marks -= {"unpublished", "starting"} - set(asked["set"])
        self.records[asked["service"]] = dict(
            state=asked["state"] or now["state"], marks=sorted(marks), reason=asked["reason"],
            version=now["version"] + 1, changed=time.monotonic(),
            last_change_ms=int(1000 * time.time()))
        return "answer", dict(nonce=self.nonce, more=0, records=[self.record(asked["service"])])

    def reported(self, asked, size):
        self.report = asked.get("hears", self.report)
        return "reported", dict(age_ms=0, told=self.report is not None, hears=self.report or [])

    def answer(self, data):
        """The answer to a message, and a word about it; nothing to what is no request."""
        if len(data) < failover.HEADER or data[:2] != b"FO" or data[3] & 0x80:
            return None, "nothing"
        request = int.from_bytes(data[8:16], "big")
        if self.mode == "next":
            # Only the first 16 bytes are as they were; it has nothing to sign with.
            return b"FO\2\xff" + bytes(4) + data[8:16] + bytes(60), f"version {data[2]}"
        kind = failover.MESSAGES.get(data[3], (str(data[3]),))[0]
        try:
            if kind not in self.handlers:
                raise Refuse(2, None)
            asked = failover.decode(data, "public")
            if not asked["signed"]:
                return None, "a stranger"
            said, body = self.handlers[kind](asked, len(data))
        except Refuse as refuse:
            code, record = refuse.args
            said, body = "refusal", dict(code=code, detail=0, word="", record=record)
        # Without the layouts of the future nothing comes of this.
        body.update(ADDED)
        return failover.encode(said, "public", request, **body), kind


def main(mode):
    faild = Faild(mode)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        print(f"answering on 127.0.0.1:{line.getsockname()[1]}/udp", flush=True)
        while True:
            data, sender = line.recvfrom(65535)
            answer, word = faild.answer(data)
            print(word, flush=True)
            if answer:
                line.sendto(answer, sender)


main(*sys.argv[1:])
