"""The loads, each on the core that the stub has: calls and downloads by wrk, streams by listeners of our own."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks.relay.contenders import OTHER_CORE, Contender
from benchmarks.relay.processes import Cpu, Memory, cpu_of, memory_of, pinned, program

_CONNECTIONS = 32
_CALL = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Say hello."}]}'
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_LATENCY = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)


class UnexpectedAnswerError(Exception):
    """A contender answered something else than it should, so that what was measured is worth nothing."""


@dataclass(frozen=True, kw_only=True)
class Called:
    """What some seconds of calls took."""

    count: int
    per_s: float
    p50_ms: float
    p99_ms: float
    cpu: Cpu
    memory: Memory

    @property
    def cpu_us(self) -> float:
        """CPU time of one call."""
        return self.cpu.total / self.count


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """What many streams took."""

    events: int
    complete: int
    p50_ms: float
    p99_ms: float
    failed: dict[str, int]
    cpu: Cpu
    #: Of one stream, in KB.
    memory: float


@dataclass(frozen=True, kw_only=True)
class Streams:
    """How many streams at what pace."""

    count: int = 2000
    every_ms: int = 500
    events: int = 40
    first_ms: int = 0
    window_s: int = 10


def call(contender: Contender, seconds: int, folder: Path, *, path: str = "/v1/chat/completions") -> Called:
    """Let wrk call for some seconds.

    Raises:
        UnexpectedAnswerError: an answer was no 200, or there was none.
    """
    script = folder / "call.lua"
    script.write_text(_script(contender, path))
    options = ["-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(script)]
    before = cpu_of(contender.process)
    url = f"http://{contender.address}{path}"
    done = subprocess.run(
        pinned(OTHER_CORE, [program("wrk"), *options, url]), capture_output=True, text=True, check=True
    )
    cpu = cpu_of(contender.process).since(before)
    return _read(contender, done.stdout, cpu)


def stream(contender: Contender, stub: str, programs: Path, wanted: Streams) -> Streamed:
    """Open streams, and count in a window while all are open."""
    pace = f"every_ms={wanted.every_ms}&events={wanted.events}&first_ms={wanted.first_ms}"
    urlopen(f"http://{stub}/_pace?{pace}", timeout=10).read()
    options = ["-address", contender.address, "-streams", wanted.count, "-events", wanted.events]
    options += ["-window", f"{wanted.window_s}s", f"-wait={'false' if wanted.first_ms else 'true'}"]
    options += [part for header in contender.headers for part in ("-header", header)]
    held = memory_of(contender.process)
    command = pinned(OTHER_CORE, [programs / "listen", *map(str, options)])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listeners:
        _expect_line(listeners, "open")
        before = cpu_of(contender.process)
        _expect_line(listeners, "measured")
        cpu, holds = cpu_of(contender.process).since(before), memory_of(contender.process)
        # Not ``communicate``: with a time limit it would miss what was read ahead with the line before.
        result = json.loads(listeners.stdout.read() if listeners.stdout else "")
    return Streamed(**result, cpu=cpu, memory=(holds.rss - held.rss) / wanted.count)


def _expect_line(listeners: subprocess.Popen[str], wanted: str) -> None:
    line = listeners.stdout.readline().strip() if listeners.stdout else ""
    if line != wanted:
        raise UnexpectedAnswerError(line)


def _script(contender: Contender, path: str) -> str:
    lines = [f"wrk.headers[{json.dumps(n)}] = {json.dumps(v)}" for n, v in _split(contender.headers)]
    if path.endswith("/completions"):
        lines += ['wrk.method = "POST"', 'wrk.headers["Content-Type"] = "application/json"']
        lines.append(f"wrk.body = {json.dumps(_CALL)}")
    return "\n".join(lines)


def _split(headers: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (header.partition(": ") for header in headers)]


def _read(contender: Contender, printed: str, cpu: Cpu) -> Called:
    count = int(_find(r"(\d+) requests in", printed))
    if "Non-2xx" in printed or "Socket errors" in printed or not count:
        message = f"{contender.name}: {printed}"
        raise UnexpectedAnswerError(message)
    latency = {share: float(number) * _UNITS[unit] for share, number, unit in _LATENCY.findall(printed)}
    return Called(
        count=count,
        per_s=float(_find(r"Requests/sec:\s+([\d.]+)", printed)),
        p50_ms=latency["50"],
        p99_ms=latency["99"],
        cpu=cpu,
        memory=memory_of(contender.process),
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else "0"
