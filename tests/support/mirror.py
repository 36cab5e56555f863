"""A local mirror of a data set, and the ways it can answer."""

import gzip
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.library import IMAGES

PORTAL = b"<!DOCTYPE html><title>Hotel WiFi</title>"


class Answer(BaseHTTPRequestHandler):
    """One request to a `Mirror`, and the ways to answer it."""

    def do_GET(self):
        self.mirror = self.server.mirror
        self.name = self.path.rsplit("/", 1)[-1].removesuffix(".gz")
        self.content = self.mirror.packed[self.name]
        self.range = self.headers.get("Range")
        with self.mirror.lock:
            self.mirror.seen.append((self.name, self.range))
        self.mirror.answer(self)

    def send(self, body, status=200, length=None):
        """Send a whole answer, announcing its length, another one, or (0) none."""
        self.send_response(status)
        if length != 0:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.mirror.sent.append(len(body))

    def file(self):
        """Send the file, or the part of it that was asked for."""
        if self.range is None:
            self.send(self.content)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", self.range)[1])
        if start >= len(self.content):
            self.send(b"", 416)
        else:
            self.send(self.content[start:], 206)

    def half(self):
        """Announce the whole file, and send half of it."""
        self.send(self.content[: len(self.content) // 2], length=len(self.content))

    def log_message(self, *_):
        """Say nothing."""


class Mirror:
    """A local mirror of ``tiny``: ``answer`` is how it answers; it keeps what it was asked."""

    def __init__(self, contents):
        self.packed = {name: gzip.compress(content) for name, content in contents.items()}
        self.answer = Answer.file
        self.seen, self.sent = [], []
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.mirror = self
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_port}/data/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer_first(self, *first):
        """Answer the first requests in those ways, and send the file to all later ones."""
        waiting = list(first)

        def answer(request):
            with self.lock:
                way = waiting.pop(0) if waiting else Answer.file
            way(request)

        self.answer = answer

    @property
    def ranges(self):
        """Give the Range headers of the requests for the training images."""
        return [asked for name, asked in self.seen if name == IMAGES]

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


def status(code):
    return lambda request: request.send(b"no", code)


def body(content, **settings):
    return lambda request: request.send(content, **settings)
