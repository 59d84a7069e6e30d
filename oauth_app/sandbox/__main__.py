"""``python -m oauth_app.sandbox``: run the emulator as a program of its own."""

import argparse
import os
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final

from oauth_app.sandbox.application import create_app
from oauth_app.sandbox.config import Config, ConfigError
from oauth_app.sandbox.server import serve
from oauth_app.sandbox.store import Store

_PORT: Final = 8001


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until it is told to stop; return the exit code."""
    options = _parser().parse_args(arguments)
    # The server restores these after its own clean stop and raises the signal again;
    # without them a stop that was asked for would look like a crash.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        config = Config.from_environment(os.environ, database=options.database)
        listener = socket.create_server((options.host, options.port))
    except ConfigError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port} ({error.strerror}); choose another --port")
    if options.reset:
        _reset(options.database)
    serve(create_app(config), listener, "OhMyGPT sandbox")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m oauth_app.sandbox", description="Run the emulator of OhMyGPT.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=_PORT, help="port to listen on, 0 for any (%(default)s)")
    parser.add_argument("--database", default=":memory:", help="SQLite file that keeps the state (in memory)")
    parser.add_argument("--reset", action="store_true", help="forget the state and seed the accounts anew")
    return parser


def _reset(database: str) -> None:
    store = Store(database)
    store.reset()
    store.close()


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _fail(text: str) -> int:
    sys.stderr.write(f"sandbox: {text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
