"""Settings of the sandbox, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: Stand-ins used when no client is configured. They are printed in the README
#: and open nothing but this emulator, so they are not secrets.
DUMMY_CLIENT_ID: Final = "5a4db0c5000000000000c0de"
DUMMY_CLIENT_SECRET: Final = "SandboxClientSecretNotASecret001"  # noqa: S105 - documented dummy


class ConfigError(ValueError):
    """A setting has a value the sandbox cannot work with."""


class HttpStatus(StrEnum):
    """How the HTTP status of a platform answer follows its ``statusCode``."""

    DEFAULT = "default"
    """Refused credentials and broken requests show in HTTP, business errors are HTTP 200."""
    ENVELOPE = "envelope"
    """Always HTTP 200; only ``statusCode`` tells."""
    MIRROR = "mirror"
    """HTTP status and ``statusCode`` are always equal."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that can be chosen about one sandbox."""

    database: str = ":memory:"
    client_id: str = DUMMY_CLIENT_ID
    client_secret: str = field(default=DUMMY_CLIENT_SECRET, repr=False)
    redirect_domain: str = "127.0.0.1"
    app_name: str = "OhMyGPT Connect (demo hub)"
    http_status: HttpStatus = HttpStatus.DEFAULT
    faults: bool = False
    public_url: str = ""
    """Origin people reach the sandbox at; empty means the one of each request."""
    chunk_pause_ms: int = 30
    code_lifetime_s: int = 600
    body_limit_bytes: int = 20_000_000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, database: str) -> "Config":
        """Read the ``SANDBOX_…`` variables; what is absent or empty keeps its default.

        Raises:
            ConfigError: a variable has a value that cannot be used.
        """
        given = {name: text for name, text in environment.items() if text}
        return cls(
            database=database,
            client_id=given.get("SANDBOX_CLIENT_ID", cls.client_id),
            client_secret=given.get("SANDBOX_CLIENT_SECRET", DUMMY_CLIENT_SECRET),
            redirect_domain=given.get("SANDBOX_REDIRECT_DOMAIN", cls.redirect_domain),
            app_name=given.get("SANDBOX_APP_NAME", cls.app_name),
            http_status=_http_status(given.get("SANDBOX_HTTP_STATUS", HttpStatus.DEFAULT)),
            faults=given.get("SANDBOX_FAULTS") == "1",
            public_url=given.get("SANDBOX_PUBLIC_URL", cls.public_url),
            chunk_pause_ms=_pause(given.get("SANDBOX_CHUNK_PAUSE_MS", str(cls.chunk_pause_ms))),
        )


def _http_status(text: str) -> HttpStatus:
    try:
        return HttpStatus(text)
    except ValueError as error:
        msg = "SANDBOX_HTTP_STATUS must be default, envelope or mirror"
        raise ConfigError(msg) from error


def _pause(text: str) -> int:
    if not text.isdecimal():
        msg = "SANDBOX_CHUNK_PAUSE_MS must be a whole number of milliseconds"
        raise ConfigError(msg)
    return int(text)
