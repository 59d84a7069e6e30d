"""Where the hub's CPU time goes under load: py-spy's samples, with native frames, by function."""

import subprocess
from collections import Counter
from pathlib import Path

from benchmarks.relay.contenders import OTHER_CORE, Contender
from benchmarks.relay.installs import Peers
from benchmarks.relay.processes import pinned

_PY_SPY = "py-spy==0.4.2"
_SHOWN = 25
#: With native frames py-spy takes a thread that waits for a lock for one that works.
_WAITING = ("pthread_cond_timedwait (", "PyThread_acquire_lock_timed (")


def record(contender: Contender, peers: Peers, seconds: int, file: Path) -> subprocess.Popen[bytes]:
    """Begin to sample the process; the samples are in ``file`` when the returned program has ended."""
    py_spy = peers.python_package("py-spy", _PY_SPY) / "py-spy"
    options = ["record", "--native", "--rate", "200", "--duration", str(seconds), "--format", "raw", "--output", file]
    command = pinned(OTHER_CORE, [py_spy, *options, "--pid", str(contender.process)])
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def summary(file: Path) -> str:
    """Return the functions with the most time of their own, and with all that they call, as a table."""
    own, whole, total = Counter[str](), Counter[str](), 0
    for line in file.read_text("utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        if any(waiting in stack for waiting in _WAITING):
            continue
        frames = [frame.rpartition(":")[0] or frame for frame in stack.split(";")]
        own[frames[-1]] += int(count)
        whole.update(dict.fromkeys(frames, int(count)))
        total += int(count)
    lines = ["| function | own % | with callees % |", "| --- | ---: | ---: |"]
    for name, count in own.most_common(_SHOWN):
        lines.append(f"| `{name}` | {100 * count / total:.1f} | {100 * whole[name] / total:.1f} |")
    return "\n".join(lines)
