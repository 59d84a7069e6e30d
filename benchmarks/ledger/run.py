"""Wallet charges per second through the ledger, against what the database can do at all.

    .venv/bin/python -m benchmarks.ledger.run --rounds 5 --seconds 5

Needs PostgreSQL's programs. Each round measures everything once, so that a busy moment of the machine hits all alike;
the table shows medians, and ratios of medians. A client has a connection of its own: each is a process, or they are
threads of two processes, as the hub's workers are.
"""

import argparse
import json
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ledger.postgres import Server, postgresql
from benchmarks.ledger.seed import PARTNERS, seed

_CLIENTS = (1, 4, 16)
_MANY = 16
_WORKERS = 2
_SCALE = 20


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What some clients did together."""

    per_s: float
    p50_ms: float
    p99_ms: float


Results = dict[str, list[Measured]]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    wanted = parser.parse_args()
    results: Results = defaultdict(list)
    with postgresql() as server, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "books.db"
        _prepare(server, file)
        for number in range(wanted.rounds):
            print(f"round {number + 1} of {wanted.rounds}", file=sys.stderr)
            _measure_postgresql(server, wanted.seconds, results)
            _measure_sqlite(file, wanted.seconds, results)
        print(f"{server.run('postgres', '--version').strip()}; SQLite {sqlite3.sqlite_version}; ", end="")
    print(f"Python {platform.python_version()}; {platform.platform()}; {wanted.rounds} rounds of {wanted.seconds} s\n")
    _show(results)


def _prepare(server: Server, file: Path) -> None:
    for database in ("bench", "books"):
        server.run("createdb", database)
    server.run("pgbench", "-i", "-q", "-s", str(_SCALE), "bench")
    seed(server.url("books"))
    server.run("psql", "-q", "-d", "books", "-c", "VACUUM ANALYZE")
    seed(f"sqlite:///{file}")


def _measure_postgresql(server: Server, seconds: int, results: Results) -> None:
    for clients in _CLIENTS:
        results[f"pgbench -N, {clients} clients"].append(_pgbench(server, clients, seconds))
        for name, partners in (("spread", PARTNERS), ("one hot partner", 1)):
            words = ("client", server.url("books"), str(seconds), str(partners))
            results[f"PostgreSQL, {name}, {clients} clients"].append(_clients(clients, seconds, *words))
            if clients == _MANY:
                threads = str(clients // _WORKERS)
                measured = _clients(_WORKERS, seconds, *words, threads)
                results[f"PostgreSQL, {name}, threads of {_WORKERS}, {clients} clients"].append(measured)
        server.run("psql", "-q", "-d", "books", "-c", "DELETE FROM balance_increment")  # the worker's part


def _measure_sqlite(file: Path, seconds: int, results: Results) -> None:
    for synchronous in ("FULL", "NORMAL"):
        bare = ("bare", str(file), str(seconds), synchronous)
        results[f"bare SQLite, {synchronous}, {_MANY} clients"].append(_clients(_MANY, seconds, *bare))
        words = ("client", f"sqlite:///{file}", str(seconds), str(PARTNERS), "1", synchronous)
        results[f"SQLite, {synchronous}, {_MANY} clients"].append(_clients(_MANY, seconds, *words))


def _pgbench(server: Server, clients: int, seconds: int) -> Measured:
    threads = str(min(clients, 2))
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/log"
        words = ("-N", "-n", "-c", str(clients), "-j", threads, "-T", str(seconds), "-l", f"--log-prefix={prefix}")
        printed = server.run("pgbench", *words, "bench")
        took = sorted(int(line.split()[2]) for file in Path(folder).iterdir() for line in file.read_text().splitlines())
    found = re.search(r"tps = ([\d.]+)", printed)
    return Measured(per_s=float(found[1]) if found else 0, **_latencies(took))


def _clients(count: int, seconds: int, program: str, *words: str) -> Measured:
    """Start the clients, let them begin together, and gather what they did."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.ledger.{program}", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in running:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            msg = f"a client did not start: {program}"
            raise SystemExit(msg)
    answers = [process.communicate("go\n")[0] for process in _told(running)]
    took = sorted(latency for answer in answers for latency in json.loads(answer))
    return Measured(per_s=len(took) / seconds, **_latencies(took))


def _latencies(took: list[int]) -> dict[str, float]:
    return {f"p{part}_ms": took[len(took) * part // 100] / 1000 for part in (50, 99)}


def _told(running: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    for process in running:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    return running


def _show(results: Results) -> None:
    print("| what | per second | p50, ms | p99, ms | of its yardstick |\n| --- | ---: | ---: | ---: | ---: |")
    for name, measured in results.items():
        rate = statistics.median(each.per_s for each in measured)
        p50 = statistics.median(each.p50_ms for each in measured)
        p99 = statistics.median(each.p99_ms for each in measured)
        yardstick = _yardstick(name)
        ratio = (
            "" if yardstick == name else f"{rate / statistics.median(each.per_s for each in results[yardstick]):.2f}"
        )
        print(f"| {name} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {ratio} |")


def _yardstick(name: str) -> str:
    clients = name.rpartition(", ")[2]
    if name.startswith(("PostgreSQL", "pgbench")):
        return f"pgbench -N, {clients}"
    return name if name.startswith("bare") else f"bare {name}"


if __name__ == "__main__":
    main()
