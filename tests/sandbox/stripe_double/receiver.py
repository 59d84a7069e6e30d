"""A webhook endpoint that keeps what it gets and lets Stripe's own code verify it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import stripe


class Receiver:
    """Answers 200, or first the statuses a test asks for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.secret = ""
        self.statuses: list[int] = []
        self.got: list[tuple[bytes, str]] = []

    def wait(self, number: int, timeout_s: float = 5) -> list[str]:
        """Return the types of the events once as many have come, in the order they came."""
        until = time.monotonic() + timeout_s
        while len(self.got) < number and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.got) >= number, [event.type for event in self.events()]
        return [event.type for event in self.events()]

    def events(self) -> list[stripe.Event]:
        """Return the events so far, each with its signature verified."""
        construct: Any = stripe.Webhook.construct_event
        return [construct(body, signature, self.secret) for body, signature in list(self.got)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run an endpoint on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.statuses.pop(0) if receiver.statuses else 200
            receiver.got.append((body, self.headers["stripe-signature"]))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_parts: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
