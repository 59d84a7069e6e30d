"""A PostgreSQL server for one run, from the installed binaries, as an unprivileged user, on a socket of its own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Durable as in production: fsync and synchronous_commit stay on.
_OPTIONS = "-c listen_addresses='' -c max_connections=100 -c shared_buffers=512MB -c max_wal_size=4GB"
_AS_NOBODY = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server."""

    folder: Path
    programs: Path

    def url(self, database: str) -> str:
        """Return the address for SQLAlchemy."""
        return f"postgresql+psycopg://hub@/{database}?host={self.folder}"

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's own programs against the server and return what it prints."""
        environment = {**os.environ, "PGHOST": str(self.folder), "PGUSER": "hub"}
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return done.stdout


@contextmanager
def postgresql() -> Iterator[Server]:
    """Run a server until the block ends."""
    programs = _find_programs()
    folder = Path(tempfile.mkdtemp(prefix="hub-pg-"))  # short: a socket's path has at most 107 characters
    if _AS_NOBODY:
        shutil.chown(folder, **_AS_NOBODY)
    data = folder / "data"
    _run(programs / "initdb", "-D", data, "-U", "hub", "-A", "trust", "-E", "UTF8")
    options = f"{_OPTIONS} -c unix_socket_directories={folder}"
    _run(programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start")
    try:
        yield Server(folder=folder, programs=programs)
    finally:
        _run(programs / "pg_ctl", "-D", data, "-m", "fast", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _find_programs() -> Path:
    for folder in [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), None]:
        if found := shutil.which("pg_ctl", path=folder):
            return Path(found).parent
    msg = "PostgreSQL's pg_ctl is not installed"
    raise SystemExit(msg)


def _run(*command: str | Path) -> None:
    # No pipes: a server started by pg_ctl would keep them open for ever.
    subprocess.run(
        [str(part) for part in command],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **_AS_NOBODY,
    )
