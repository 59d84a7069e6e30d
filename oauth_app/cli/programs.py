"""Several programs run as one: started together, watched, stopped together."""

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, cast

import urllib3

from oauth_app.errors import HubError
from oauth_app.settings import ROOT

_READY_WITHIN_S = 60
_STOPPED_WITHIN_S = 10


class ProgramEndedError(HubError):
    """A program ended by itself; the text says which, and its last words."""


class ProgramNotReadyError(HubError):
    """A program runs but does not answer; the text says which."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to start, and where it answers when it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    ready_url: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something a program wrote; ``text`` is None when it will write no more."""

    program: "Running"
    text: str | None


class Running:
    """A program that was started; what it writes goes to ``lines`` while ``heard`` is set."""

    def __init__(self, program: Program, lines: queue.Queue[Line], heard: threading.Event) -> None:
        self.name = program.name
        self.ready_url = program.ready_url
        self.last_words: deque[str] = deque(maxlen=20)
        self._process = subprocess.Popen(
            program.command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
        )
        self._reader = threading.Thread(target=self._read, args=[lines, heard], daemon=True)
        self._reader.start()

    def ended(self) -> ProgramEndedError:
        """Return the error that tells how it ended."""
        code = self._process.wait()
        self._reader.join(timeout=1)
        said = "\n".join(self.last_words)
        return ProgramEndedError(f"the {self.name} ended with exit code {code}. Its last words:\n\n{said}")

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            ProgramEndedError: it ended instead.
            ProgramNotReadyError: it does not answer in time.
        """
        deadline = time.monotonic() + _READY_WITHIN_S
        with urllib3.PoolManager(retries=False) as http:
            while time.monotonic() < deadline:
                if self._process.poll() is not None:
                    raise self.ended()
                if _answers(http, self.ready_url):
                    return
                time.sleep(0.1)
        msg = f"the {self.name} does not answer at {self.ready_url}. Its last words:\n\n" + "\n".join(self.last_words)
        raise ProgramNotReadyError(msg)

    def stop(self) -> None:
        """Ask it to end, and insist if it takes too long."""
        self._process.terminate()
        try:
            self._process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=1)

    def _read(self, lines: queue.Queue[Line], heard: threading.Event) -> None:
        with cast("IO[str]", self._process.stdout) as output:
            for text in output:
                self.last_words.append(text.rstrip())
                if heard.is_set():
                    lines.put(Line(program=self, text=text.rstrip()))
        lines.put(Line(program=self, text=None))


@contextmanager
def running(programs: Sequence[Program]) -> Iterator[Iterator[Line]]:
    """Start the programs; when all are ready, lend what they write from then on; stop all in the end.

    SIGTERM and SIGHUP end the block as Ctrl-C does.

    Raises:
        ProgramEndedError: one of them ended by itself, now or while its lines were read.
        ProgramNotReadyError: one of them does not get ready.
    """
    lines: queue.Queue[Line] = queue.Queue()
    heard = threading.Event()  # what they say before is of interest only if they fail
    started: list[Running] = []
    _on_stop_signals(signal.default_int_handler)
    try:
        started += (Running(program, lines, heard) for program in programs)  # one by one: all that ran are stopped
        for one in started:
            one.wait_until_ready()
        heard.set()
        yield _until_one_ends(lines)
    finally:
        _on_stop_signals(signal.SIG_IGN)  # a second Ctrl-C must not leave anything running
        for one in reversed(started):
            one.stop()


def _until_one_ends(lines: queue.Queue[Line]) -> Iterator[Line]:
    while True:
        line = lines.get()
        if line.text is None:
            raise line.program.ended()
        yield line


def _on_stop_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):  # Windows has no SIGHUP
            signal.signal(number, handler)


def _answers(http: urllib3.PoolManager, url: str) -> bool:
    try:
        return http.request("GET", url, timeout=2, redirect=False).status < 400
    except urllib3.exceptions.HTTPError:
        return False
