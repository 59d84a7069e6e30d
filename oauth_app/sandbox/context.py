"""The long-lived parts of one sandbox, and how a handler reaches them."""

from dataclasses import dataclass, field
from typing import cast

from starlette.requests import HTTPConnection

from oauth_app.sandbox import clock
from oauth_app.sandbox.callbacks import Callbacks
from oauth_app.sandbox.config import Config
from oauth_app.sandbox.fault_list import FaultList
from oauth_app.sandbox.journal import Journal
from oauth_app.sandbox.rate_limits import RateLimits
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.switches import Switches


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What the handlers of one application share."""

    config: Config
    store: Store
    faults: FaultList
    journal: Journal
    switches: Switches
    rates: RateLimits = field(default_factory=RateLimits)
    callbacks: Callbacks = field(default_factory=Callbacks)

    def reset(self) -> None:
        """Go back to the seed and to the true time, and forget what tests have asked for."""
        clock.reset()
        self.store.reset()
        self.faults.clear()
        self.rates.clear()
        self.switches.http_status = self.config.http_status


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
