"""Prints each golden message as JSON, with the bytes that are made of it again.

    golden.py community file ...
"""
import json
import sys

import failover

community = sys.argv[1]
for file in sys.argv[2:]:
    with open(file) as hexadecimal:
        data = bytes.fromhex(hexadecimal.read())
    message = failover.decode(data, community)
    head = ("type", "key_id", "request", "signed")
    body = {name: value for name, value in message.items() if name not in head}
    again = failover.encode(message["type"], community, message["request"], **body)
    print(json.dumps(dict(message=message, again=again.hex())))
