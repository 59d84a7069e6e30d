"""Settings of the sandbox, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from oauth_app.sandbox import money
from oauth_app.sandbox.loopback import is_loopback

#: Stand-ins used when no client is configured. They are printed in the README
#: and open nothing but this emulator, so they are not secrets.
DUMMY_CLIENT_ID: Final = "5a4db0c5000000000000c0de"
DUMMY_CLIENT_SECRET: Final = "SandboxClientSecretNotASecret001"  # noqa: S105 - documented dummy


#: Stand-ins as well: they open and sign for the double of Stripe in this emulator, and nothing else.
DUMMY_STRIPE_KEY: Final = "sk_test_sandbox_not_a_secret"
DUMMY_WEBHOOK_SECRET: Final = "whsec_sandbox_not_a_secret"  # noqa: S105 - documented dummy


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
    mj_task_ms: int = 6_000
    """How long a fast Midjourney task takes; a normal one takes twice as long."""
    code_lifetime_s: int = 600
    body_limit_bytes: int = 21_000_000
    file_limit_bytes: int = 20_000_000
    storage_limit_bytes: int = 200_000_000
    """All stored files of all accounts together."""
    quick: bool = False
    """No journal of requests, for load tests."""
    rate_limits: bool = True
    premium_fen: int | None = None
    """Top-ups that give Premium, in hundredths of a CNY; None: nobody gets it."""
    stripe_key: str = field(default=DUMMY_STRIPE_KEY, repr=False)
    stripe_webhook_url: str = ""
    """Where all Stripe events go, besides the endpoints made by the API; empty means nowhere."""
    stripe_webhook_secret: str = field(default=DUMMY_WEBHOOK_SECRET, repr=False)
    stripe_retry_pauses_ms: tuple[int, ...] = (1_000, 5_000, 30_000)
    """Pauses before the second and each later attempt to deliver a webhook."""

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
            quick=given.get("SANDBOX_QUICK") == "1",
            rate_limits=given.get("SANDBOX_RATE_LIMITS") != "0",
            premium_fen=_fen(given.get("SANDBOX_PREMIUM_CNY")),
            public_url=given.get("SANDBOX_PUBLIC_URL", cls.public_url),
            chunk_pause_ms=_milliseconds(given, "SANDBOX_CHUNK_PAUSE_MS", cls.chunk_pause_ms),
            mj_task_ms=_milliseconds(given, "SANDBOX_MJ_TASK_MS", cls.mj_task_ms),
            stripe_key=given.get("SANDBOX_STRIPE_KEY", DUMMY_STRIPE_KEY),
            stripe_webhook_url=_loopback(given.get("SANDBOX_STRIPE_WEBHOOK_URL", "")),
            stripe_webhook_secret=given.get("SANDBOX_STRIPE_WEBHOOK_SECRET", DUMMY_WEBHOOK_SECRET),
            stripe_retry_pauses_ms=_pauses(given.get("SANDBOX_STRIPE_RETRY_MS", "1000,5000,30000")),
        )


def _http_status(text: str) -> HttpStatus:
    try:
        return HttpStatus(text)
    except ValueError as error:
        msg = "SANDBOX_HTTP_STATUS must be default, envelope or mirror"
        raise ConfigError(msg) from error


def _fen(text: str | None) -> int | None:
    try:
        return money.parse(text) if text else None
    except money.AmountError as error:
        msg = "SANDBOX_PREMIUM_CNY must be an amount such as 200.00"
        raise ConfigError(msg) from error


def _milliseconds(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal() or len(text) > 9:
        msg = f"{name} must be a whole number of milliseconds"
        raise ConfigError(msg)
    return int(text)


def _pauses(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        msg = "SANDBOX_STRIPE_RETRY_MS must be whole numbers of milliseconds with commas between them"
        raise ConfigError(msg)
    return tuple(int(part) for part in parts)


def _loopback(url: str) -> str:
    if url and not is_loopback(url):
        msg = "SANDBOX_STRIPE_WEBHOOK_URL must be an http(s) address on a loopback host, such as 127.0.0.1"
        raise ConfigError(msg)
    return url
