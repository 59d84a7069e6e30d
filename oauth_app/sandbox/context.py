"""The long-lived parts of one sandbox, and how a handler reaches them."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from oauth_app.sandbox.config import Config
from oauth_app.sandbox.fault_list import FaultList
from oauth_app.sandbox.journal import Journal
from oauth_app.sandbox.store import Store


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What the handlers of one application share."""

    config: Config
    store: Store
    faults: FaultList
    journal: Journal


def sandbox_of(connection: HTTPConnection) -> Sandbox:
    """Return the sandbox that handles a request."""
    return cast("Sandbox", connection.app.state.sandbox)


def store_of(connection: HTTPConnection) -> Store:
    """Return the database of the sandbox that handles a request."""
    return sandbox_of(connection).store


def origin_of(connection: HTTPConnection) -> str:
    """Return the scheme, host and port that people reach the sandbox at, without a slash."""
    configured = sandbox_of(connection).config.public_url
    return (configured or str(connection.base_url)).rstrip("/")
