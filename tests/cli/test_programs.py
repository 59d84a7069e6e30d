"""Several programs as one: ready together, watched, and none left behind."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from oauth_app.cli.programs import Line, Program, ProgramEndedError, running
from tests.cli.conftest import free_port

#: Answers HTTP on a port, and tells its process id in a file.
SERVER = """
import http.server, os, pathlib, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        if self.path == "/die": print("something broke", flush=True); os._exit(3)
        if self.path == "/say": print("important", flush=True)
    def log_message(self, *_): pass
pathlib.Path(sys.argv[2]).write_text(str(os.getpid()))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Give the test runner its own signal handlers back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def servers(tmp_path: Path) -> list[Program]:
    """Two small web servers to start."""
    return [_server("first", tmp_path), _server("second", tmp_path)]


def test_a_program_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    """A reader sees which one failed and what it said, while nothing else stays behind."""
    first = _server("first", tmp_path)
    broken = _program("broken", "print('no such table'); raise SystemExit(7)")
    with pytest.raises(ProgramEndedError, match=r"the broken ended with exit code 7(.|\n)*no such table"):
        _read_all([first, broken])
    assert not _lives(tmp_path / "first")


def test_a_program_that_ends_later_is_named(servers: list[Program], tmp_path: Path) -> None:
    """When one dies, the others are stopped and the error names it."""
    with pytest.raises(ProgramEndedError, match=r"the second ended with exit code 3"):
        _read_all(servers, visit="/die")
    assert not _lives(tmp_path / "first")


def test_what_a_ready_program_writes_is_passed_on(servers: list[Program]) -> None:
    """Lines come with the program that wrote them."""
    with running(servers) as lines:
        _visit(servers[1], "/say")
        line = next(lines)
    assert (line.program.name, line.text) == ("second", "important")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_stops_all(servers: list[Program], tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, a service manager's stop and a closed terminal leave nothing running."""
    with pytest.raises(KeyboardInterrupt):
        _read_all(servers, visit="/say", then=number)
    assert not any(_lives(tmp_path / name) for name in ("first", "second"))


def _server(name: str, folder: Path) -> Program:
    return _program(name, SERVER, str(port := free_port()), str(folder / name), url=f"http://127.0.0.1:{port}/")


def _program(name: str, source: str, *words: str, url: str = "http://127.0.0.1:9/") -> Program:
    return Program(name=name, command=[sys.executable, "-c", source, *words], ready_url=url)


def _read_all(programs: list[Program], *, visit: str = "", then: signal.Signals | None = None) -> list[Line]:
    with running(programs) as lines:
        if visit:
            _visit(programs[-1], visit)
        if then:
            threading.Timer(0.1, os.kill, [os.getpid(), then]).start()
        return list(lines)


def _visit(program: Program, path: str) -> None:
    urllib3.PoolManager(retries=False).request("GET", program.ready_url.rstrip("/") + path)


def _lives(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True
