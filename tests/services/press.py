"""A program for tests that kill: for each access token on a line it forks a process that charges its user once.

The process id is written to standard output just before the charge begins.
"""

import os
import signal
import sys
from pathlib import Path

from oauth_app.db import reading
from oauth_app.services.access import find_access
from oauth_app.services.charging import charge
from tests.fixtures.hub import make_test_hub
from tests.services.wishes import make_wish


def main(folder: str, sandbox_url: str) -> None:
    """Fork for every line; a child is not waited for, as it is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            press(folder, sandbox_url, line.strip())
            os._exit(0)


def press(folder: str, sandbox_url: str, token: str) -> None:
    """Charge the user of the token."""
    hub = make_test_hub(Path(folder), ohmygpt_api_base=sandbox_url, ohmygpt_web_base=sandbox_url)
    with reading(hub.engine) as session:
        access = find_access(session, token)
    os.write(1, f"{os.getpid()}\n".encode())
    charge(hub, access, make_wish(idempotency_key=access.user_id))


if __name__ == "__main__":
    main(*sys.argv[1:])
