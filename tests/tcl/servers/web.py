"""An HTTP server for notify.test: writes down each request as one line of JSON.

web.py FILE FAILURES [CERTIFICATE]: answers the first FAILURES requests with 500, the others with
204. Prints its port and ends with its standard input.
"""

import http.server
import json
import ssl
import sys
import threading

file, failures = sys.argv[1], int(sys.argv[2])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global failures
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen = {"path": self.path, "headers": dict(self.headers), "body": body.decode()}
        with open(file, "a", encoding="utf-8") as out:
            out.write(json.dumps(seen) + "\n")
        self.send_response(500 if failures > 0 else 204)
        failures -= 1
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
