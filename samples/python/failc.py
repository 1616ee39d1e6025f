#!/usr/bin/env python3
"""Reads and changes the records of a faild; failc(1) in little, on failover.py.

    failc.py [options]                          all records
    failc.py [options] service                  one record
    failc.py [options] service STATE [reason]   a fact: UP, RECOVER or FAIL
    failc.py [options] hold|release|away|back service [reason]
    failc.py [options] forget service           no record of it any more
    failc.py [options] history service          what happened to it, the newest first
    failc.py [options] watch [service ...]      each change as it happens, until interrupted
"""

import argparse
import json
import os
import sys

import failover

# The exit codes of failc(1).
OK, USAGE, NOHOST, UNAVAILABLE, IOERR, TEMPFAIL, PROTOCOL, NOPERM = 0, 64, 68, 69, 74, 75, 76, 77
INTERRUPTED = 130
WISHES = ("hold", "release", "away", "back")
EXITS = {"community": NOPERM, "mac": NOPERM, "readonly": NOPERM, "nonce": TEMPFAIL,
         "stale": TEMPFAIL, "limit": TEMPFAIL, "published": TEMPFAIL, "unsaved": IOERR}


class Parser(argparse.ArgumentParser):
    """One that ends with the exit code of the suite."""

    def error(self, message):
        self.exit(USAGE, f"{self.prog}: {message}\n")


def options(arguments):
    parser = Parser(prog="failc.py", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-c", "--community", default=os.environ.get("FAIL_COMMUNITY", "public"))
    parser.add_argument("-j", "--json", action="store_true", help="a JSON object for each record")
    parser.add_argument("-n", "--tries", type=int, default=3)
    parser.add_argument("-p", "--port", type=int, default=failover.PORT)
    parser.add_argument("-s", "--server", default="127.0.0.1", metavar="HOST")
    parser.add_argument("-t", "--timeout", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("-T", "--tcp", action="store_true")
    parser.add_argument("words", nargs="*")
    return parser.parse_args(arguments)


def obey(faild, words):
    """Does what the words say, and gives the records to print, one after the other."""
    if words[:1] == ["watch"]:
        return faild.watch(*words[1:])
    if len(words) < 2:
        return faild.records() if not words else [faild.record(words[0])]
    if words[0] in WISHES:
        return [getattr(faild, words[0])(words[1], " ".join(words[2:]))]
    if words[0] == "forget":
        return [faild.forget(words[1])]
    if words[0] == "history":
        return [dict(entry, service=words[1]) for entry in faild.history(words[1])]
    service, state = words[0], words[1].upper()
    if state not in failover.STATES.values():
        raise failover.Bad(f"{words[1]!r} is not a state: UP, RECOVER or FAIL")
    return [faild.change(service, state, reason=" ".join(words[2:]) or "set by hand")]


def line(record):
    words = [record["service"], record["state"], *record["marks"]]
    if "who" in record:
        words.append(f"{record['age_ms'] / 1000:.1f}s ago, by {record['who']}")
    elif not failover.is_unknown(record):
        words.append(f"for {record['age_ms'] / 1000:.1f}s")
    return " ".join(words) + f" ({record['reason']})"


def code(error):
    if isinstance(error, failover.Refused):
        return EXITS.get(error.name, PROTOCOL)
    kinds = {failover.Bad: USAGE, failover.Unknown: NOHOST, failover.Unreachable: UNAVAILABLE,
             failover.Unreadable: NOPERM, failover.Broken: PROTOCOL}
    return kinds[type(error)]


def main(arguments):
    asked = options(arguments)
    try:
        with failover.Client(asked.server, asked.port, asked.community, asked.tcp,
                             asked.timeout, asked.tries) as faild:
            for record in obey(faild, asked.words):
                print(json.dumps(record) if asked.json else line(record), flush=True)
    except failover.Error as error:
        print(f"failc.py: {error}", file=sys.stderr)
        return code(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
