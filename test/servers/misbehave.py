#!/usr/bin/env python3
"""What does a client do with a web server that is broken? Serves one file in many wrong ways.

Usage: misbehave.py FILE LOG PORTS [CERT KEY]

Listens on free ports of 127.0.0.1, plain and (with a certificate) TLS, and writes them to PORTS. The
first part of a request's path says what to do wrong, the rest is free: each whole path has a count
of its own. Each request is one line of LOG. Ends with its parent, or after ten minutes.
"""
import http.server
import os
import ssl
import sys
import threading
import time

GOOD = open(sys.argv[1], "rb").read()
LOG = open(sys.argv[2], "a", buffering=1)
PORTS = {}
COUNTS = {}
LOCK = threading.Lock()
STALL_S = 20


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def begin(self, status, length=None, **headers):
        self.close_connection = True
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def asked_from(self):
        value = self.headers.get("Range", "")
        return int(value[len("bytes="):-1]) if value.endswith("-") else 0

    def begin_good(self, start):
        """As a sane server would; false where there is nothing to send after it."""
        if start >= len(GOOD):
            self.begin(416, 0, Content_Range="bytes */%d" % len(GOOD))
            return False
        if start:
            self.begin(206, len(GOOD) - start,
                       Content_Range="bytes %d-%d/%d" % (start, len(GOOD) - 1, len(GOOD)))
        else:
            self.begin(200, len(GOOD))
        return True

    def send_good(self):
        start = self.asked_from()
        if self.begin_good(start):
            self.wfile.write(GOOD[start:])

    def do_GET(self):
        # As a proxy it is asked for whole URLs; all that it can fetch are its own files.
        if self.path.startswith("http://"):
            self.path = "/" + self.path.split("/", 3)[3]
        kind = self.path.split("/")[1]
        with LOCK:
            nth = COUNTS[self.path] = COUNTS.get(self.path, 0) + 1
        LOG.write("%s %d %s\n" % (self.path, nth, self.headers.get("Range", "-")))
        try:
            getattr(self, "do_" + kind.replace("-", "_"))(nth)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def do_good(self, _nth):
        self.send_good()

    def do_cut(self, _nth):
        """A third of the file a connection."""
        start = self.asked_from()
        if self.begin_good(start):
            self.wfile.write(GOOD[start:start + len(GOOD) // 3 + 1])

    def do_drop(self, _nth):
        self.close_connection = True

    def do_stall(self, nth):
        if nth > 1:
            return self.send_good()
        self.begin(200, len(GOOD))
        self.wfile.write(GOOD[:len(GOOD) // 2])
        self.wfile.flush()
        time.sleep(STALL_S)

    def do_stall_always(self, _nth):
        self.begin(200, len(GOOD))
        self.wfile.write(b"x")
        self.wfile.flush()
        time.sleep(STALL_S)

    def do_says_more(self, nth):
        if nth > 1:
            return self.send_good()
        self.begin(200, len(GOOD) + 1000)
        self.wfile.write(GOOD)

    def do_says_less(self, _nth):
        self.begin(200, len(GOOD) - 1000)
        self.wfile.write(GOOD)

    def do_huge(self, _nth):
        self.begin(200, 1 << 31)
        self.wfile.write(GOOD)

    def do_empty(self, _nth):
        self.begin(200, 0)

    def do_loop(self, nth):
        self.begin(302, 0, Location="/loop/%d" % nth)

    def do_hops(self, _nth):
        """/hops/N/...: N redirects, then the file."""
        left, rest = self.path.split("/", 3)[2:]
        if left == "0":
            return self.send_good()
        self.begin(302, 0, Location="/hops/%d/%s" % (int(left) - 1, rest))

    def do_down(self, _nth):
        self.begin(302, 0, Location="http://127.0.0.1:%d/good/a.tar.gz" % PORTS["http"])

    def do_to_file(self, _nth):
        self.begin(302, 0, Location="file://" + os.path.abspath(sys.argv[1]))

    def do_wrong(self, _nth):
        self.begin(200, 5)
        self.wfile.write(b"wrong")

    def do_busy(self, nth):
        if nth > 2:
            return self.send_good()
        self.begin(503, 0)

    def do_always_busy(self, _nth):
        self.begin(503, 0)

    def do_not_found(self, _nth):
        self.begin(404, 4)
        self.wfile.write(b"none")

    def do_slow(self, _nth):
        """The file in half a second."""
        start = self.asked_from()
        if not self.begin_good(start):
            return
        step = len(GOOD) // 20 + 1
        while start < len(GOOD):
            self.wfile.write(GOOD[start:start + step])
            self.wfile.flush()
            start += step
            time.sleep(0.025)


def listen(name, context):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    PORTS[name] = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    parent = os.getppid()
    listen("http", None)
    if len(sys.argv) > 4:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[4], sys.argv[5])
        listen("https", context)
    with open(sys.argv[3] + ".new", "w") as file:
        file.write("%d %d\n" % (PORTS["http"], PORTS.get("https", 0)))
    os.rename(sys.argv[3] + ".new", sys.argv[3])
    # As long as the tests, which take long where the CPUs are busy.
    while os.getppid() == parent:
        time.sleep(1)


main()
