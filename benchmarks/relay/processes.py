"""Programs on one core: started, watched through /proc, stopped by their id."""

import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_START_S = 120
_STOP_S = 10
#: proc(5): ticks of 10 ms on every Linux that there is.
_TICK_US = 10_000


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """What a program and its children have used, in microseconds."""

    user: int
    system: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.user + self.system

    def since(self, earlier: "Cpu") -> "Cpu":
        """Return what was used after ``earlier``."""
        return Cpu(user=self.user - earlier.user, system=self.system - earlier.system)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a program and its children hold, in KB; shared pages count once in ``pss``."""

    rss: int
    pss: int


def raise_limits() -> None:
    """Allow as many open files as the system lets us; children inherit it."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def tree(process: int) -> list[int]:
    """Return the process and all below it."""
    found = [process]
    for parent in found:
        for file in Path(f"/proc/{parent}/task").glob("*/children"):
            found.extend(int(child) for child in file.read_text().split())
    return found


def cpu_of(process: int) -> Cpu:
    """Return what the tree has used so far."""
    fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in tree(process)]
    ticks = [sum(int(each[at]) for each in fields) for at in (11, 12)]
    return Cpu(user=ticks[0] * _TICK_US, system=ticks[1] * _TICK_US)


def memory_of(process: int) -> Memory:
    """Return what the tree holds now."""
    lines = [line.split() for each in tree(process) for line in _rollup(each)]
    sums = {name: sum(int(line[1]) for line in lines if line[0] == name) for name in ("Rss:", "Pss:")}
    return Memory(rss=sums["Rss:"], pss=sums["Pss:"])


def _rollup(process: int) -> list[str]:
    return Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


def program(name: str) -> str:
    """Return where a program is, or its name for the error message."""
    return shutil.which(name) or name


def pinned(core: int, command: Sequence[str | Path]) -> list[str]:
    """Return the command, tied to a core."""
    return [program("taskset"), "-c", str(core), *map(str, command)]


@contextmanager
def running(
    command: Sequence[str], port: int, *, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the end of the block; yield its process id as soon as it listens on the port."""
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, cwd=log.parent, stdout=output, stderr=output) as process,
    ):
        try:
            _wait_for(port, process, output)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                message = f"{process.args!r} did not start: {Path(log.name).read_text('utf-8')[-2000:]}"
                raise RuntimeError(message) from None
            time.sleep(0.05)
        else:
            return
