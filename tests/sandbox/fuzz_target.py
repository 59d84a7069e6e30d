"""The sandbox that the fuzz run strikes: sends a wish over a plain socket and says what is wrong with the answer."""

import http.client
import logging
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from oauth_app.sandbox.config import DUMMY_STRIPE_KEY, Config
from tests.sandbox.emulator import ALICE, BOB, Browser, Emulator, running
from tests.sandbox.fuzz_bodies import BODIES
from tests.sandbox.fuzz_identifiers import Identifiers
from tests.sandbox.fuzz_shapes import wrong_shape
from tests.sandbox.fuzz_wishes import Operation, Wish, good_wish

#: Balances before the run; what comes and goes afterwards must stand in the statement.
_SUMS: Final = (
    "SELECT email, paid_cents + free_cents AS cents, COALESCE((SELECT SUM(cents) FROM movement "
    "WHERE account_id = account.id), 0) AS moved FROM account"
)


class Target:
    """A sandbox with the people who ask it."""

    def __init__(self, emulator: Emulator, database: Path) -> None:
        self._emulator = emulator
        self._database = database
        self.is_ready = False
        self._crashes = _Crashes()
        logging.getLogger("uvicorn.error").addHandler(self._crashes)

    def restart(self) -> None:
        """Go back to the seed, give everybody fresh credentials and let each operation succeed once."""
        self._emulator.control("POST", "reset")
        self._identifiers = Identifiers()
        browser = Browser(self._emulator)
        browser.sign_in(browser.open(f"{self._emulator.url}/sandbox/sign-in"))
        page = browser.open(self._emulator.authorize_url()).text
        self._csrf = found[1] if (found := re.search(r'name="csrf" value="([^"]+)"', page)) else ""
        self._cookie = f"sandbox_session={browser.http.cookies['sandbox_session']}"
        browser.http.close()
        owner = self._emulator.token(ALICE)
        self._key = str(self._emulator.app("get-user-admin-token", owner).json()["data"]["token"])
        self._tokens = {"owner": owner, "poor": self._emulator.token(BOB), "liar": "ohmygpt-oauth-nonsense"}
        self._before = {email: cents - moved for email, cents, moved in self._rows(_SUMS)}
        for path, body in BODIES.items():
            if "{" not in path and not path.startswith("/_sandbox/"):
                self.complaint(good_wish(path, body))
        for step in ("finalize", "pay"):
            self.complaint(good_wish(f"/stripe/v1/invoices/IDREF0X/{step}", {}))

    def prepare(self, operation: Operation) -> None:
        """Make what an operation is about, if another one makes it."""
        root = operation.path.partition("/{")[0]
        if root != operation.path and root in BODIES:
            self.complaint(good_wish(root, BODIES[root]))

    def complaint(self, wish: Wish) -> str:
        """Send a wish; return what is wrong with the answer, or nothing."""
        self._crashes.seen.clear()
        status, headers, body = self._send(wish)
        self._identifiers.learn(wish.target, body)
        if self._crashes.seen:
            return self._crashes.seen[0]
        return wrong_shape(wish.method, urlsplit(wish.target).path, (status, headers, body))

    def harm(self, *, with_statement: bool) -> str:
        """Return what the database suffered, or nothing; calls that were left may take a moment to settle."""
        for _ in range(40):
            found = self._harm(with_statement=with_statement)
            if not found:
                return ""
            time.sleep(0.05)
        return found

    def _harm(self, *, with_statement: bool) -> str:
        problems = [str(tuple(row)) for row in self._rows("PRAGMA foreign_key_check")]
        problems += [text for (text,) in self._rows("PRAGMA integrity_check") if text != "ok"]
        problems += [
            f"{email}: overdrawn"
            for (email,) in self._rows("SELECT email FROM account WHERE paid_cents < 0 OR free_cents < 0")
        ]
        if with_statement:
            rows = self._rows(_SUMS)
            problems += [
                f"{email}: {cents} is not {moved} more"
                for email, cents, moved in rows
                if cents - moved != self._before.get(email, 0)
            ]
        return "; ".join(problems)

    def _rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self._database)) as connection:
            return connection.execute(query).fetchall()

    def _send(self, wish: Wish) -> tuple[int, dict[str, str], bytes]:
        port = urlsplit(self._emulator.url).port
        with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as connection:
            connection.sendall(self._bytes(wish))
            answer = http.client.HTTPResponse(connection, method=wish.method)
            answer.begin()
            body = answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def _bytes(self, wish: Wish) -> bytes:
        body = self._resolved(wish.body)
        target = self._identifiers.resolved_target(wish.target).encode("ascii", "ignore")
        headers = [(b"Host", b"127.0.0.1"), (b"Connection", b"close"), *wish.headers]
        if not any(name == b"Authorization" for name, _ in wish.headers):
            headers += self._credentials(wish)
        if body or wish.method in {"POST", "PUT"}:
            headers.append((b"Content-Length", b"%d" % len(body)))
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        return wish.method.encode() + b" " + target + b" HTTP/1.1\r\n" + lines + b"\r\n" + body

    def _credentials(self, wish: Wish) -> list[tuple[bytes, bytes]]:
        if wish.caller == "session":
            return [(b"Cookie", self._cookie.encode())]
        if wish.target.startswith("/stripe") and wish.caller in {"owner", "key"}:
            return [(b"Authorization", f"Bearer {DUMMY_STRIPE_KEY}".encode())]
        # The operations for managers know nothing but a management key.
        is_key = wish.caller == "key" or (wish.caller == "owner" and "/admin/" in wish.target)
        credential = self._key if is_key else self._tokens.get(wish.caller, "")
        odd = [(b"x-api-key", b"\xff"), (b"Authorization", b"Bearer sk-\xe9")]
        return odd if wish.caller == "odd" else [(b"Authorization", f"Bearer {credential}".encode())]

    def _resolved(self, text: bytes) -> bytes:
        return self._identifiers.resolved(text).replace(b"CSRFREF", self._csrf.encode())


class _Crashes(logging.Handler):
    """Collects the tracebacks that the server logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record with its traceback."""
        self.seen.append(logging.Formatter().format(record))


@contextmanager
def target_in(folder: Path) -> Iterator[Target]:
    """Run a target until the block ends."""
    database = folder / "fuzz.db"
    config = Config(database=str(database), faults=True, chunk_pause_ms=0, rate_limits=False, mj_task_ms=20)
    with running(config) as emulator:
        yield Target(emulator, database)
