"""A client of a later version asks a live faild, and prints each answer as a line of JSON.

    future.py port

What it says is of version 1 with additions, of types that nobody knows yet, or of other
versions. `null` stands for no answer.
"""
import json
import secrets
import sys
import time

import failover
from failover import NAME, REASON, STATES, U8, U32, U64
from failover import fields, many, one_of

COMMUNITY = "public"
# Behind the last field that is known there are others, and marks have bits without a name.
MORE = dict(tail=REASON, number=U64, names=many(NAME))
ADDED = dict(tail="and more", number=2**64 - 1)
QUERY = fields(nonce=U64, count=U64, interval_ms=U32, after=failover.AFTER, asked=many(NAME),
               **MORE)
CHANGE = fields(nonce=U64, version=U64, service=NAME, state=one_of({**STATES, 255: None}),
                set=U8, clear=U8, reason=REASON, interval_ms=U32, **MORE)
SUBSCRIBE = fields(cookie=U64, for_ms=U32, asked=many(NAME), **MORE)
FORGET = fields(nonce=U64, version=U64, service=NAME, **MORE)
HISTORY = fields(service=NAME, before=U64, **MORE)
FIGURES = fields(what=U8, after=REASON, **MORE)
REPORT = fields(hears=failover.HEARS, **MORE)


class Asker:
    def __init__(self, port):
        faild = failover.Client("127.0.0.1", port)
        self.line = failover.Udp(*faild.addresses[0], 1)

    def ask(self, kind, layout=None, speaks=1, **values):
        """Sends it padded, and gives the answer to it."""
        request = secrets.randbelow(2**64 - 1) + 1
        body = layout.write(dict(ADDED, names=["x", "y"], **values)) if layout else b"\xab" * 99
        message = failover.sealed(kind, body.ljust(1300, b"\0"), COMMUNITY, request, speaks)
        self.line.send(message)
        if not kind & 0x80:
            return self.receive([request])
        # What must not be answered must not keep the next question from being answered.
        after = secrets.randbelow(2**64 - 1) + 1
        self.line.send(failover.encode("query", COMMUNITY, after, size=400, names=["web"],
                                       after="", beat=dict(nonce=0, count=0, interval_ms=0)))
        answer = self.receive([request, after])
        return answer if answer["request"] == request else None

    def receive(self, requests):
        """The first answer to any of these requests."""
        until = time.monotonic() + 10
        while True:
            data = self.line.receive(until)
            if data is None:
                raise SystemExit("it does not answer")
            message = failover.decode(data, COMMUNITY)
            if message["request"] in requests:
                return message


def main(port):
    asker = Asker(int(port))

    def say(name, answer):
        print(json.dumps(dict(what=name, answer=answer)))
        return answer

    query = dict(nonce=0, count=0, interval_ms=0, after="", asked=["web"])
    found = say("query", asker.ask(1, QUERY, **query))
    change = dict(nonce=found["nonce"], version=found["records"][0]["version"], service="web",
                  state="UP", set=0b11000001, clear=0b11000000, reason="from the future",
                  interval_ms=0)
    done = say("change", asker.ask(2, CHANGE, **change))
    say("subscribe", asker.ask(3, SUBSCRIBE, cookie=0, for_ms=60000, asked=["web"]))
    say("report", asker.ask(5, REPORT, hears=[dict(host="hostb", nonce=7, reachable=True)]))
    say("history", asker.ask(9, HISTORY, service="web", before=0))
    say("figures", asker.ask(10, FIGURES, what=1, after=""))
    forget = dict(nonce=done["nonce"], version=done["records"][0]["version"], service="web")
    say("forget", asker.ask(8, FORGET, **forget))
    for kind in (0x0b, 0x40, 0x7f):
        say("a type that nobody knows", asker.ask(kind))
    for kind in (0x80, 0x8b, 0xfe, 0xff):
        say("an answer that nobody asked for", asker.ask(kind))
    for version in (0, 2, 3, 255):
        say("another version", asker.ask(1, QUERY, version, **query))
        say("another version", asker.ask(0x5a, None, version))
        say("an answer in another version", asker.ask(0xff, None, version))


main(*sys.argv[1:])
