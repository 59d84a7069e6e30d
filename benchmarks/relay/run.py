"""The hub against other proxies: the same core, the same upstream, in turns.

    .venv/bin/python -m benchmarks.relay.run calls --rounds 5 --seconds 5
    .venv/bin/python -m benchmarks.relay.run streams --streams 2000
    .venv/bin/python -m benchmarks.relay.run downloads
    .venv/bin/python -m benchmarks.relay.run soak --calls 1000000
    .venv/bin/python -m benchmarks.relay.run profile

Needs Linux with two cores, taskset, wrk, nginx, node and npm. Everything stays on the loopback interface and in a
temporary folder; what it starts it stops.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from benchmarks.relay.contenders import CONTENDERS, Contender, Ground, running_stub
from benchmarks.relay.flames import record, summary
from benchmarks.relay.installs import MissingPeerError, Peers
from benchmarks.relay.loads import Called, Streamed, Streams, UnexpectedAnswerError, call, stream
from benchmarks.relay.processes import memory_of, raise_limits

_FILE = "/v1/files/file-1/content"
_MB_OF_FILE = 5
#: Below this many calls a soak says nothing.
_SOAK_STEPS = 50

Options = argparse.Namespace
T = TypeVar("T", Called, Streamed)


@contextmanager
def prepared(options: Options) -> Iterator[tuple[Ground, list[Contender]]]:
    """Install and start everything; a contender that is missing is named and left out."""
    raise_limits()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers = Peers(folder=(options.folder or folder / "peers").absolute())
        peers.folder.mkdir(parents=True, exist_ok=True)
        peers.build()
        ground = Ground(folder=folder, stub=stack.enter_context(running_stub(folder, peers)), peers=peers)
        contenders = []
        for name in options.contenders:
            try:
                contenders.append(stack.enter_context(CONTENDERS[name](ground)))
            except MissingPeerError as error:
                print(f"without {name}, which cannot be installed: {error}", file=sys.stderr)
        print("; ".join(contender.version for contender in contenders), end="; ")
        print(f"Python {platform.python_version()}; {platform.platform()}\n")
        yield ground, contenders


def calls(options: Options) -> None:
    """Print what one chat call of 1 KB takes."""
    with prepared(options) as (ground, contenders):
        results: dict[str, list[Called]] = defaultdict(list)
        _warm_up(ground, contenders)
        for contender in _turns(contenders, options.rounds):
            results[contender.name].append(call(contender, options.seconds, ground.folder))
    _show(results, {
        "calls/s": lambda r: r.per_s,
        "p50 ms": lambda r: r.p50_ms,
        "p99 ms": lambda r: r.p99_ms,
        "CPU µs": lambda r: r.cpu_us,
        "user": lambda r: r.cpu.user / r.count,
        "system": lambda r: r.cpu.system / r.count,
        "RSS MB": lambda r: r.memory.rss / 1024,
        "PSS MB": lambda r: r.memory.pss / 1024,
    }, ratio="CPU µs")  # fmt: skip


def downloads(options: Options) -> None:
    """Print how many MB of files of 5 MB pass in a second."""
    with prepared(options) as (ground, contenders):
        results: dict[str, list[Called]] = defaultdict(list)
        _warm_up(ground, contenders)
        for contender in _turns(contenders, options.rounds):
            results[contender.name].append(call(contender, options.seconds, ground.folder, path=_FILE))
    _show(results, {
        "MB/s": lambda r: r.per_s * _MB_OF_FILE,
        "CPU µs per MB": lambda r: r.cpu_us / _MB_OF_FILE,
    }, ratio="CPU µs per MB")  # fmt: skip


def streams(options: Options) -> None:
    """Print what an event of a stream takes, how late it comes, and what a silent stream holds."""
    idle = Streams(count=options.streams, first_ms=600_000, window_s=2)
    paced = Streams(count=options.streams)
    results: dict[str, list[Streamed]] = defaultdict(list)
    silent: dict[str, float] = {}
    for name in options.contenders:  # each alone: thousands of open connections would be in the others' way
        alone = Options(**vars(options) | {"contenders": [name]})
        with prepared(alone) as (ground, contenders):
            for contender in contenders:
                silent[contender.name] = stream(contender, ground.stub, ground.peers.programs, idle).memory
        for _ in range(options.rounds):
            with prepared(alone) as (ground, contenders):
                for contender in contenders:
                    results[contender.name].append(stream(contender, ground.stub, ground.peers.programs, paced))
    _show(results, {
        "whole": lambda r: r.complete,
        "events/s": lambda r: r.events / paced.window_s,
        "CPU µs per event": lambda r: r.cpu.total / max(1, r.events),
        "delay p50 ms": lambda r: r.p50_ms,
        "p99 ms": lambda r: r.p99_ms,
    }, ratio="CPU µs per event")  # fmt: skip
    print("\nKB per silent stream:", ", ".join(f"{name} {size:.0f}" for name, size in silent.items()))
    print("Failed:", {name: [each.failed for each in rounds if each.failed] for name, rounds in results.items()})


def soak(options: Options) -> None:
    """Print the memory of the hub over many calls, and how fast it grows in the second half."""
    with prepared(Options(**vars(options) | {"contenders": ["hub"]})) as (ground, (contender,)):
        done, samples, deadline = 0, [], time.monotonic() + options.minutes * 60
        while done < options.calls and time.monotonic() < deadline:
            done += call(contender, options.seconds, ground.folder).count
            samples.append((done, memory_of(contender.process).rss))
            print(f"{done} calls: {samples[-1][1]} KB", file=sys.stderr)
    late = samples[len(samples) // 2 :]
    for count, size in samples[:: max(1, len(samples) // _SOAK_STEPS)]:
        print(f"| {count} | {size / 1024:.1f} |")
    if len(late) > 1:
        slope = statistics.linear_regression(*zip(*late, strict=True)).slope
        print(f"\n{done} calls; {slope * 1024:.2f} bytes of RSS a call in the second half")


def profile(options: Options) -> None:
    """Print where the hub's CPU time goes while it is called."""
    with prepared(Options(**vars(options) | {"contenders": ["hub"]})) as (ground, (contender,)):
        _warm_up(ground, [contender])
        samples = ground.folder / "samples"
        with record(contender, ground.peers, options.seconds, samples):
            call(contender, options.seconds + 2, ground.folder)
        print(summary(samples))


def _turns(contenders: Sequence[Contender], rounds: int) -> Iterator[Contender]:
    """Yield each contender once in each round, in changing order."""
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
        yield from contenders[:: -1 if turn % 2 else 1]


def _warm_up(ground: Ground, contenders: Sequence[Contender]) -> None:
    for contender in contenders:
        with suppress(UnexpectedAnswerError):  # LiteLLM needs some seconds for its first answer
            call(contender, 5, ground.folder)


def _show(results: dict[str, list[T]], columns: dict[str, Callable[[T], float]], *, ratio: str) -> None:
    """Print medians, and how many times the hub's ``ratio`` column the others have."""
    print(f"| | {' | '.join(columns)} | {ratio}, hub = 1 |\n| --- |{' ---: |' * (len(columns) + 1)}")
    medians = {
        name: {title: statistics.median(map(column, rounds)) for title, column in columns.items()}
        for name, rounds in results.items()
    }
    for name, row in medians.items():
        cells = " | ".join(f"{value:.0f}" if value >= 100 else f"{value:.2f}" for value in row.values())
        share = f"{row[ratio] / medians['hub'][ratio]:.2f}" if "hub" in medians else "–"
        print(f"| {name} | {cells} | **{share}** |")


_LOADS = {"calls": calls, "streams": streams, "downloads": downloads, "soak": soak, "profile": profile}


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("load", choices=list(_LOADS))
    parser.add_argument("--contenders", nargs="+", choices=list(CONTENDERS), help="default: all that can do the load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each load in each round")
    parser.add_argument("--streams", type=int, default=2000, help="at once")
    parser.add_argument("--calls", type=int, default=1_000_000, help="of the soak")
    parser.add_argument("--minutes", type=int, default=30, help="after which a soak ends anyway")
    parser.add_argument("--folder", type=Path, help="where the peers are installed and kept")
    options = parser.parse_args()
    all_of = {"calls": list(CONTENDERS), "streams": ["hub", "go", "nginx"], "downloads": ["hub", "go", "nginx"]}
    options.contenders = options.contenders or all_of.get(options.load, ["hub"])
    try:
        _LOADS[options.load](options)
    except UnexpectedAnswerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
