"""A client of faild, with nothing but Python's standard library (3.9 or later).

Written from failover-protocol(7) alone, which says what every message means; names of
messages and fields are those of that page.

Two layers.  encode() and decode() turn messages into bytes and back, without any network.
Client asks one faild over UDP or TCP, and gives records as dictionaries:

    >>> faild = Client("127.0.0.1", community="public")     # doctest: +SKIP
    >>> faild.record("web")["state"]                        # doctest: +SKIP
    'UP'

What goes wrong is an Error, and its text is one sentence.  Not for use by several threads
at once: give each a Client.
"""

import hashlib
import hmac
import secrets
import socket
import struct
import time

PORT = 1847
DATAGRAM = 1400         # bytes: passes any network in one piece
HEADER = 48

STATES = {0: "FAIL", 1: "RECOVER", 2: "UP"}
MARKS = {1: "held", 2: "away", 4: "unsupervised", 8: "unpublished", 16: "unreadable",
         32: "starting"}
# Code: its name, and what it says.
REFUSALS = {
    1: ("version", "it does not speak this version of the protocol"),
    2: ("type", "it does not know this type of message"),
    3: ("malformed", "it can not read the message"),
    4: ("community", "it does not know the community"),
    5: ("mac", "the HMAC is wrong"),
    6: ("readonly", "the community may not change it"),
    7: ("nonce", "the daemon was started anew since the record was read"),
    8: ("stale", "the record has changed since it was read"),
    9: ("limit", "a limit is reached"),
    10: ("unsaved", "the change is in force, but is not on disk"),
    11: ("cramped", "the request is too short for its answer"),
    12: ("marks", "only FAIL can be marked as unpublished"),
    13: ("facility", "the program has no debug facility of that name"),
    14: ("published", "the publisher of the service is alive"),
}


# --- what can go wrong ----------------------------------------------------------------------

class Error(Exception):
    """Anything that keeps a question from its answer."""


class Bad(Error):
    """A value that fits into no message.  Nothing was sent."""


class Unknown(Error):
    """There is no host of that name.  Nothing was sent."""


class Unreachable(Error):
    """Nobody answers.  A change may have been done or not."""


class Broken(Error):
    """Bytes that are no message of this protocol, or an answer that makes no sense."""


class Unreadable(Error):
    """The community may not read the service."""


class Refused(Error):
    """The daemon says no.  Nothing was changed, unless `name` is "unsaved".

    code, name, detail, word and record are those of the page.  Where `signed` is false,
    anybody may have made it up.
    """

    def __init__(self, refusal):
        self.code = refusal["code"]
        self.detail, self.word = refusal["detail"], refusal["word"]
        self.record, self.signed = refusal["record"], refusal["signed"]
        unknown = f"it gives reason {self.code}, which is not known here"
        self.name, sentence = REFUSALS.get(self.code, ("unknown", unknown))
        if self.name == "limit":
            sentence += f": {self.word} is {self.detail}"
        elif self.name == "version":
            sentence += f": it speaks version {self.detail}, this client version 1"
        elif self.name == "cramped":
            sentence += f": {self.detail} bytes are enough"
        proof = "" if self.signed else " (an answer without proof of who sent it)"
        super().__init__(f"refused: {sentence}{proof}")


# --- bytes and values -----------------------------------------------------------------------

class Reader:
    """The rest of a message."""

    def __init__(self, data):
        self.data = data

    def take(self, size):
        if size > len(self.data):
            raise Broken("the message ends too early")
        part, self.data = self.data[:size], self.data[size:]
        return part


class Layout:
    """How a value lies in a message: read(reader) gives it, write(value) makes the bytes."""

    def __init__(self, read, write):
        self.read, self.write = read, write


def number(size, signed=False):
    return Layout(lambda reader: int.from_bytes(reader.take(size), "big", signed=signed),
                  lambda value: value.to_bytes(size, "big", signed=signed))


U8, U16, U32, U64, I64 = number(1), number(2), number(4), number(8), number(8, signed=True)
FLAG = Layout(lambda reader: bool(U8.read(reader) & 1), lambda value: bytes([bool(value)]))


def text(most, least=0, is_name=False):
    """UTF-8 with its length before it; of `least` to `most` bytes."""

    def legal(word):
        if not least <= len(word.encode()) <= most:
            raise Bad(f"{word!r} has not {least} to {most} bytes")
        # 0 to 31 and 127 to 159 are the control characters of Unicode.
        if any(letter < " " or "\x7f" <= letter < "\xa0" for letter in word):
            raise Bad(f"{word!r} has a control character")
        if is_name and (word[:1] == "-" or any(c.isspace() or c in "*?[]{}()\\\"'$;#|&"
                                                for c in word)):
            raise Bad(f"{word!r} is not a name")
        return word

    def read(reader):
        try:
            return legal(reader.take(U8.read(reader)).decode())
        except UnicodeDecodeError:
            raise Broken("a text is not UTF-8") from None

    def write(word):
        data = legal(word).encode()
        return bytes([len(data)]) + data

    return Layout(read, write)


def one_of(words):
    """A number that stands for a word."""
    numbers = {word: value for value, word in words.items()}

    def read(reader):
        value = U8.read(reader)
        if value not in words:
            raise Broken(f"{value} is none of {list(words)}")
        return words[value]

    def write(word):
        if word not in numbers:
            raise Bad(f"{word!r} is none of {list(numbers)}")
        return bytes([numbers[word]])

    return Layout(read, write)


def bits(words):
    """The sum of numbers that stand for words; bits without a word are ignored."""
    numbers = {word: value for value, word in words.items()}

    def read(reader):
        value = U8.read(reader)
        return [word for bit, word in words.items() if value & bit]

    def write(chosen):
        try:
            return bytes([sum(numbers[word] for word in set(chosen))])
        except KeyError as unknown:
            raise Bad(f"there is no mark {unknown}") from None

    return Layout(read, write)


def fields(**layouts):
    """One after the other; the value is a dictionary."""
    return Layout(lambda reader: {name: layouts[name].read(reader) for name in layouts},
                  lambda value: b"".join(layouts[name].write(value[name]) for name in layouts))


def many(layout, count=U16):
    """A number, and so many; the value is a list."""
    return Layout(lambda reader: [layout.read(reader) for _ in range(count.read(reader))],
                  lambda values: count.write(len(values)) + b"".join(map(layout.write, values)))


def maybe(layout):
    """0 and nothing, or 1 and the value."""
    return Layout(lambda reader: layout.read(reader) if U8.read(reader) else None,
                  lambda value: b"\0" if value is None else b"\1" + layout.write(value))


def measured(layout):
    """Its length before it; what is behind the fields that are known is skipped."""

    def write(value):
        data = layout.write(value)
        return U16.write(len(data)) + data

    return Layout(lambda reader: layout.read(Reader(reader.take(U16.read(reader)))), write)


NAME, REASON = text(64, least=1, is_name=True), text(200)
AFTER = text(64, is_name=True)
STATE, MARK = one_of(STATES), bits(MARKS)
RECORD = measured(fields(service=NAME, state=STATE, marks=MARK, version=U64, age_ms=U64,
                         last_change_ms=I64, reason=REASON))
ENTRY = measured(fields(version=U64, state=STATE, marks=MARK, age_ms=U64, at_ms=I64,
                        reason=REASON, who=REASON))
HEARS = many(fields(host=NAME, nonce=U64, reachable=FLAG))
LEVEL = fields(facility=REASON, level=U8)

# Type: its name here, and its body.
MESSAGES = {
    1: ("query", fields(beat=fields(nonce=U64, count=U64, interval_ms=U32), after=AFTER,
                        names=many(NAME))),
    2: ("change", fields(nonce=U64, version=U64, service=NAME,
                         state=one_of({**STATES, 255: None}), set=MARK, clear=MARK,
                         reason=REASON, interval_ms=U32)),
    3: ("subscribe", fields(cookie=U64, for_ms=U32, names=many(NAME))),
    4: ("acknowledge", fields(nonce=U64, number=U64)),
    5: ("report", fields(hears=HEARS)),
    6: ("report_asked", fields()),
    7: ("set_level", fields(stamp=U64, set=maybe(LEVEL))),
    8: ("forget", fields(nonce=U64, version=U64, service=NAME)),
    9: ("history_asked", fields(service=NAME, before=U64)),
    10: ("figures_asked", fields(what=U8, after=REASON)),
    0x81: ("answer", fields(nonce=U64, more=FLAG, records=many(RECORD))),
    0x83: ("notify", fields(nonce=U64, cookie=U64, left_ms=U32, number=U64, more=FLAG,
                            records=many(RECORD))),
    0x85: ("reported", fields(age_ms=U64, told=FLAG, hears=HEARS)),
    0x87: ("levels", fields(stamp=U64, program=REASON, levels=many(LEVEL, count=U8))),
    0x89: ("history", fields(nonce=U64, more=FLAG, entries=many(ENTRY))),
    0x8a: ("figures", fields(what=U8, more=FLAG, figures=many(fields(name=REASON, value=U64)))),
    0xff: ("refusal", fields(code=U8, detail=U32, word=REASON, record=maybe(RECORD))),
}
NUMBERS = {name: value for value, (name, _) in MESSAGES.items()}
# What answers what, beside a refusal.
ANSWERS = {"query": "answer", "change": "answer", "subscribe": "notify", "report": "reported",
           "report_asked": "reported", "set_level": "levels", "forget": "answer",
           "history_asked": "history", "figures_asked": "figures"}
COUNTERS, LIMITS = 0, 1


def mac(community, data):
    return hmac.new(community.encode(), data, hashlib.sha256).digest()


def key_id(community):
    return mac(community, b"failover key id")[:4]


def sealed(kind, body, community, request, version=1):
    """The bytes of a message whose type is this number and whose body are these bytes."""
    head = struct.pack(">2sBB4sQ", b"FO", version, kind, key_id(community), request)
    return head + mac(community, head + body) + body


def encode(kind, community, request, size=0, **body):
    """The bytes of a message, padded to this size."""
    try:
        data = MESSAGES[NUMBERS[kind]][1].write(body)
    except OverflowError:
        raise Bad("a number is too large for its field") from None
    return sealed(NUMBERS[kind], data.ljust(size - HEADER, b"\0"), community, request)


def decode(data, community):
    """The message as a dictionary, with `signed`: whether it was made with this community."""
    if len(data) >= HEADER and data[:2] == b"FO" and data[2] != 1 and data[3] == 0xff:
        # Whatever it says in its version: it does not speak ours.
        known, request = struct.unpack(">IQ", data[4:16])
        return dict(type="refusal", key_id=known, request=request, signed=False, code=1,
                    detail=data[2], word="", record=None)
    if len(data) < HEADER or data[:3] != b"FO\1":
        raise Broken("not a message of version 1")
    if data[3] not in MESSAGES:
        raise Broken(f"unknown type {data[3]}")
    kind, layout = MESSAGES[data[3]]
    signed = (hmac.compare_digest(data[4:8], key_id(community)) and
              hmac.compare_digest(data[16:48], mac(community, data[:16] + data[48:])))
    known, request = struct.unpack(">IQ", data[4:16])
    try:
        body = layout.read(Reader(data[48:]))
    except Bad as why:
        raise Broken(str(why)) from None
    return dict(type=kind, key_id=known, request=request, signed=signed, **body)


def room(records):
    """Bytes of a request whose answer may have so many records."""
    return min(59 + 294 * records, DATAGRAM)


# --- ways to a daemon -----------------------------------------------------------------------

class Udp:
    """One datagram is one message, and a request makes room for its answer."""

    PADDED = True

    def __init__(self, family, address, timeout):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        # Connected, so that it is told when nobody listens there.
        self.socket.connect(address)

    def send(self, message):
        self.socket.send(message)

    def receive(self, until):
        """The next message, or nothing when the time is over."""
        left = until - time.monotonic()
        if left <= 0:
            return None
        self.socket.settimeout(left)
        try:
            return self.socket.recv(65535)
        except socket.timeout:
            return None


class Tcp:
    """Each message has its length before it, and answers have room."""

    PADDED = False

    def __init__(self, family, address, timeout):
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.data = b""

    def send(self, message):
        self.socket.sendall(U16.write(len(message)) + message)

    def receive(self, until):
        while True:
            size = 2 + int.from_bytes(self.data[:2], "big")
            if len(self.data) >= max(size, 3):
                message, self.data = self.data[2:size], self.data[size:]
                return message
            left = until - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                part = self.socket.recv(65536)
            except socket.timeout:
                return None
            if not part:
                raise ConnectionResetError("the connection was closed")
            self.data += part


def is_unknown(record):
    """Whether the daemon has never heard of the service, or has forgotten it."""
    return "unpublished" in record["marks"] and record["last_change_ms"] == 0


def _why(word, reason):
    return f"{word}: {reason}" if reason else word


# --- a client -------------------------------------------------------------------------------

class Client:
    """Asks one faild.  Each try waits `timeout` seconds, and there are so many tries.

    Where a host has several addresses, each is asked until one answers.
    """

    RACES = 5           # how often a change is tried again because others were faster
    PAUSE = 0.1         # seconds before the next try where nobody listens

    def __init__(self, host="127.0.0.1", port=PORT, community="public", tcp=False, timeout=1.0,
                 tries=3):
        self.community, self.timeout, self.tries = community, timeout, tries
        self.way = Tcp if tcp else Udp
        try:
            kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
            found = socket.getaddrinfo(host, port, type=kind)
        except OSError as why:
            raise Unknown(f"host {host!r} is unknown: {why.strerror}") from None
        self.addresses = [(family, address) for family, _, _, _, address in found]
        self.line = None
        self.requests, self.subscription = set(), set()
        self.cookie = 0

    def close(self):
        if self.line:
            self.line.socket.close()
        self.line = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Reading.

    def read(self, *services):
        """The nonce of the daemon, and the records of these services, or of all that the
        community may read, with all pages."""
        records, after, more = [], "", True
        while more:
            page = self.ask("query", room(len(services) or DATAGRAM),
                            beat=dict(nonce=0, count=0, interval_ms=0), after=after,
                            names=services)
            more = page["more"]
            if more and not (page["records"] and page["records"][-1]["service"] > after):
                raise Broken("the pages of the answer do not end")
            records += page["records"]
            after = records[-1]["service"] if records else ""
        return page["nonce"], records

    def records(self, *services):
        """The records of these services, or of all that the community may read."""
        return self.read(*services)[1]

    def record(self, service):
        """The record of one service."""
        return self._look(service)[1]

    def _look(self, service):
        nonce, records = self.read(service)
        for record in records:
            if record["service"] == service:
                if "unreadable" in record["marks"]:
                    raise Unreadable(f"the community may not read service {service}")
                return nonce, record
        raise Broken("the record that was asked for is not in the answer")

    def history(self, service):
        """What happened to a service, the newest first."""
        entries, more = [], True
        while more:
            before = entries[-1]["version"] if entries else 0
            page = self.ask("history_asked", DATAGRAM, service=service, before=before)
            more = page["more"]
            if more and not (page["entries"]
                             and 0 < page["entries"][-1]["version"] < (before or 2**64)):
                raise Broken("the pages of the history do not end")
            entries += page["entries"]
        return entries

    def figures(self, what):
        """COUNTERS or LIMITS: values by their names."""
        figures, after, more = {}, "", True
        while more:
            page = self.ask("figures_asked", DATAGRAM, what=what, after=after)
            new = {figure["name"]: figure["value"] for figure in page["figures"]}
            more = page["more"]
            if more and new.keys() <= figures.keys():
                raise Broken("the pages of the figures do not end")
            figures.update(new)
            after = list(new)[-1] if new else ""
        return figures

    # Being told.

    def watch(self, *services, seconds=60, pause=1.0):
        """The records of these services, or of all, as they are now, and from then on each
        that has changed, without end.

        Where the daemon is too old to tell of changes it is asked every `pause` seconds.
        """
        seen, nonce = {}, None
        while True:
            # Subscribed before it is asked: so nothing is missed in between.
            try:
                ends = time.monotonic() + self.subscribe(seconds, *services)["left_ms"] / 2000
            except Refused as refused:
                if refused.name != "type":
                    raise
                ends = None
            while True:
                now, records = self.read(*services)
                if now != nonce:
                    seen, nonce = {}, now
                told = dict(more=False, records=records)
                while told and not told["more"] and told.get("nonce", nonce) == nonce:
                    for record in told["records"]:
                        if seen.get(record["service"]) != record["version"]:
                            seen[record["service"]] = record["version"]
                            yield record
                    told = ends and self.notified(ends - time.monotonic())
                if told and told["nonce"] == nonce:
                    continue        # more has changed than has room: ask
                if not ends:
                    time.sleep(pause)
                break               # the time is over, or the daemon was started anew

    def subscribe(self, seconds, *services):
        """Asks to be told of changes for so long; 0 ends it.  Gives the first notify."""
        for _ in range(2):
            told = self.ask("subscribe", DATAGRAM, cookie=self.cookie,
                            for_ms=int(1000 * seconds), names=services)
            # The first time it is only told what it has to show.
            self.cookie = told["cookie"]
            if told["left_ms"]:
                break
        self.subscription = self.requests
        return told

    def notified(self, seconds):
        """The next notify, or nothing if none comes so soon.  It is acknowledged."""
        if not self.line:
            raise Unreachable("there is no subscription")
        try:
            for message in self._messages(time.monotonic() + seconds):
                if (message["type"] == "notify" and message["signed"] and message["number"]
                        and message["request"] in self.subscription):
                    self._send(encode("acknowledge", self.community, message["request"],
                                      nonce=message["nonce"], number=message["number"]))
                    return message
        except OSError as error:
            self.close()
            raise Unreachable(f"nobody answers: {error.strerror or error}") from None
        return None

    # Changing.

    def change(self, service, state=None, set=(), clear=(), reason=""):
        """Changes a record as it is now, and gives it as it is then.  If somebody else was
        faster, all over again."""
        for left in reversed(range(self.RACES)):
            nonce, record = self._look(service)
            try:
                return self.change_exactly(nonce, record["version"], service, state, set, clear,
                                           reason)
            except Refused as refused:
                if refused.name not in ("stale", "nonce") or not left:
                    raise

    def change_exactly(self, nonce, version, service, state=None, set=(), clear=(), reason="",
                       interval_ms=0):
        """Changes just this version of a record, or raises Refused with the one there is."""
        try:
            answer = self.ask("change", room(1), nonce=nonce, version=version, service=service,
                              state=state, set=set, clear=clear, reason=reason,
                              interval_ms=interval_ms)
        except Refused as refused:
            # Of several tries the first was done, and its answer was lost.
            record = refused.record
            if (refused.name == "stale" and record and record["version"] == version + 1
                    and record["state"] == (state or record["state"])
                    and record["reason"] == reason
                    and all(mark in record["marks"] for mark in set if mark not in clear)
                    and not any(mark in record["marks"] for mark in clear)):
                return record
            raise
        if not answer["records"]:
            raise Broken("the answer to the change has no record")
        return answer["records"][0]

    def forget(self, service):
        """Removes a record, and gives what there is instead of it."""
        for left in reversed(range(self.RACES)):
            nonce, record = self._look(service)
            try:
                answer = self.ask("forget", room(1), nonce=nonce, version=record["version"],
                                  service=service)
                return answer["records"][0] if answer["records"] else record
            except Refused as refused:
                if refused.name == "stale" and refused.record and is_unknown(refused.record):
                    return refused.record       # done, and the answer was lost
                if refused.name not in ("stale", "nonce") or not left:
                    raise

    def hold(self, service, reason=""):
        """Whoever serves it shall observe and change nothing.  Without a reason, the one
        that is there stays."""
        record = self.record(service)
        old = "held" if is_unknown(record) else record["reason"]
        return self.change(service, set=["held"], reason=f"held: {reason}" if reason else old)

    def release(self, service, reason=""):
        """No longer so."""
        return self.change(service, clear=["held"], reason=_why("released", reason))

    def away(self, service, reason=""):
        """It shall be served elsewhere."""
        return self.change(service, set=["away"], reason=_why("away", reason))

    def back(self, service, reason=""):
        """It may be served here again: what is FAIL becomes RECOVER."""
        state = "RECOVER" if self.record(service)["state"] == "FAIL" else None
        return self.change(service, state, clear=["away"], reason=_why("back", reason))

    # Of hosts and of programs.

    def report(self, hears):
        """Tells whom this host hears: dictionaries with host, nonce and reachable."""
        return self.ask("report", DATAGRAM, hears=hears)

    def reported(self):
        """The last report; `told` says whether there was one."""
        return self.ask("report_asked", DATAGRAM)

    def levels(self):
        """The debug levels of a program, asked at its debug port."""
        return self.ask("set_level", DATAGRAM, stamp=0, set=None)

    def set_level(self, facility, level):
        stamp = self.levels()["stamp"]
        return self.ask("set_level", DATAGRAM, stamp=stamp,
                        set=dict(facility=facility, level=level))

    # Asking.

    def ask(self, kind, size, **body):
        """Sends a request until it is answered, and gives the answer.

        Only what was made with the community, for one of our requests, is an answer.  A
        refusal by a stranger is believed when nothing better comes.
        """
        encode(kind, self.community, 1, **body)     # what can not be sent is said at once
        size = size if self.way.PADDED else 0
        silent = None
        while self.addresses:
            try:
                answer = self._ask_here(kind, size, body)
            except Unreachable as why:
                silent = silent or why
                self.close()
                if len(self.addresses) == 1:
                    break
                del self.addresses[0]
                continue
            del self.addresses[1:]
            if answer["type"] == "refusal":
                raise Refused(answer)
            if answer["type"] != ANSWERS[kind]:
                raise Broken(f"the answer to {kind} is {answer['type']}")
            return answer
        raise silent

    def _ask_here(self, kind, size, body):
        self.requests, why = set(), f"no answer after {self.tries} tries of {self.timeout} s each"
        for left in reversed(range(self.tries)):
            request = secrets.randbelow(2**64 - 1) + 1
            self.requests.add(request)
            until, stranger = time.monotonic() + self.timeout, None
            try:
                self._send(encode(kind, self.community, request, size, **body))
                for message in self._messages(until):
                    if message["request"] not in self.requests:
                        continue
                    if message["signed"]:
                        return message
                    if message["type"] == "refusal" and message["key_id"] == 0:
                        stranger = message
            except OSError as error:
                why = f"nobody answers: {error.strerror or error}"
                self.close()
                if left:
                    time.sleep(min(self.PAUSE, max(0, until - time.monotonic())))
            if stranger:
                return stranger
        raise Unreachable(why)

    def _send(self, message):
        if not self.line:
            self.line = self.way(*self.addresses[0], self.timeout)
        self.line.send(message)

    def _messages(self, until):
        """What can be read of what comes until then."""
        while True:
            data = self.line.receive(until)
            if data is None:
                return
            try:
                yield decode(data, self.community)
            except Broken:
                pass    # whoever sent it, it is no answer
