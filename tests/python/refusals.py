"""Has a live faild refuse something, and prints what it said as JSON.

    refusals.py port community word

The word is the name of the refusal, as failover-protocol(7) has it.
"""
import json
import sys
import time

import failover

REQUEST = 4711


def version(community):
    """A message of version 2, whose body nobody knows yet."""
    return failover.sealed(1, b"whatever that will mean" * 10, community, REQUEST, version=2)


def kind(community):
    return failover.sealed(0x7f, bytes(100), community, REQUEST)


def malformed(community):
    """A query that promises more names than it has."""
    body = bytes(20) + b"\0" + b"\0\x09" + b"\3web"
    return failover.sealed(1, body.ljust(100, b"\xff"), community, REQUEST)


def wrong_mac(community):
    """The right key id over the HMAC of another key."""
    body = bytes(400)
    data = failover.sealed(1, body, "something else", REQUEST)
    return data[:4] + failover.key_id(community) + data[8:]


def cramped(community):
    return failover.encode("query", community, REQUEST, size=80, names=["web"], after="",
                           beat=dict(nonce=0, count=0, interval_ms=0))


RAW = dict(version=version, type=kind, malformed=malformed, mac=wrong_mac, cramped=cramped)


def late(faild):
    """A change that names another start of the daemon."""
    nonce, [record] = faild.read("web")
    faild.change_exactly(nonce ^ 1, record["version"], "web", "UP")


def stale(faild):
    nonce, [record] = faild.read("web")
    faild.change("web", "RECOVER", reason="somebody was faster")
    faild.change_exactly(nonce, record["version"], "web", "UP")


def limit(faild):
    """A report of more hosts than it may have."""
    hears = [dict(host=f"host{n}", nonce=0, reachable=False) for n in range(65)]
    faild.report(hears)


def marks(faild):
    nonce, [record] = faild.read("web")
    faild.change_exactly(nonce, record["version"], "web", "UP", set=["unpublished"])


def published(faild):
    """The publisher of a service need not say anything for a minute, and the next one says
    that it shall be forgotten."""
    nonce, [record] = faild.read("web")
    faild.change_exactly(nonce, record["version"], "web", "UP", interval_ms=60000)
    faild.forget("web")


BY_CLIENT = dict(nonce=late, stale=stale, limit=limit, marks=marks, published=published)


def raw(faild, message):
    """Sends these bytes and raises the refusal that they get."""
    line = faild.way(*faild.addresses[0], faild.timeout)
    line.send(message)
    answer = line.receive(time.monotonic() + 10)
    message = answer and failover.decode(answer, faild.community)
    line.socket.close()
    if message and message["type"] == "refusal" and message["request"] == REQUEST:
        raise failover.Refused(message)
    raise SystemExit(f"not a refusal: {message}")


def main(port, community, word):
    faild = failover.Client("127.0.0.1", int(port), community)
    try:
        if word in RAW:
            raw(faild, RAW[word](community))
        BY_CLIENT[word](faild)
    except failover.Refused as refused:
        print(json.dumps(dict(code=refused.code, name=refused.name, signed=refused.signed,
                              detail=refused.detail, word=refused.word,
                              record=refused.record, sentence=str(refused))))
    faild.close()


main(*sys.argv[1:])
