"""A program that has everything imported, and for each port on a line forks a ``serve`` that can be killed.

Only the imports are spared: each hub is a process of its own that opens its own connections. Its process id is
written to standard output.
"""

import os
import signal
import sys

from oauth_app import asgi, factory, worker
from oauth_app.cli.main import main as run_command

#: What a hub needs; named, so that they are imported before the first fork.
IMPORTED = (asgi, factory, worker)


def main() -> None:
    """Fork for every line; nobody waits for a child, as it is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _serve(line.strip())
        os.write(1, f"{child}\n".encode())


def _serve(port: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(2, 1)  # standard output is for process ids
    try:
        run_command(["serve", "--port", port, "--log-level", "warning"])
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
