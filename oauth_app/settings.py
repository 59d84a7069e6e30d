"""Settings: read once from the environment and an optional ``.env``, typed, frozen.

Combinations that would be unsafe refuse to start, with a sentence that says what to set. In
``HUB_ENV=sandbox`` the secrets that nobody gave are made once and kept in the instance folder.
"""

import base64
import json
import os
import secrets
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from oauth_app.errors import HubError

ROOT = Path(__file__).resolve().parent.parent
_MIN_SECRET_CHARS = 32


class SettingsError(HubError):
    """The settings cannot be used; the text says which one and what to set."""


class Environment(StrEnum):
    """What the hub is run for."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Everything that can be set from outside; each field stands in the README's table."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", frozen=True, case_sensitive=False)

    hub_env: Environment = Environment.SANDBOX
    hub_host: str = "127.0.0.1"
    hub_port: int = Field(default=8000, ge=1, le=65535)
    sandbox_port: int = Field(default=8001, ge=1, le=65535)
    partner_port: int = Field(default=8002, ge=1, le=65535)
    hub_instance: Path = ROOT / "instance"
    #: How long the head of a request may take, and a body before it has to come at a least speed.
    hub_sender_patience_s: int = Field(default=20, ge=1, le=3600)
    hub_issuer: str = ""
    hub_secret_key: SecretStr = SecretStr("")
    hub_vault_keys: SecretStr = SecretStr("")
    database_url: str = ""
    #: Counts AI calls for all processes, and tells them what to forget; money is kept by the database alone.
    redis_url: str = Field(default="", pattern=r"^((redis|rediss|unix)://.+)?$")
    #: How many processes serve the hub; ``serve --workers`` sets it.
    hub_workers: int = Field(default=1, ge=1, le=1024)
    trusted_proxy_count: int = Field(default=0, ge=0, le=10)
    ohmygpt_client_id: str = ""
    ohmygpt_client_secret: SecretStr = SecretStr("")
    #: Any API key of the operator's own account, to ask for the multipliers of the models; no call is made with it.
    ohmygpt_api_key: SecretStr = SecretStr("")
    ohmygpt_api_base: str = ""
    ohmygpt_web_base: str = ""
    ohmygpt_profile: Path | None = None
    ohmygpt_timeout_s: int = Field(default=15, ge=1, le=300)
    #: Fen for a dollar: what charges in USD count against limits, which users set in CNY.
    usd_in_fen: int = Field(default=735, ge=1, le=100_000)
    stripe_api_key: SecretStr = SecretStr("")
    stripe_webhook_secrets: SecretStr = SecretStr("")
    stripe_api_base: str = ""
    #: How long single calls are kept, and what they are rolled up to; 0 is for ever.
    usage_retention_days: int = Field(default=90, ge=0, le=36_500)
    usage_hourly_retention_days: int = Field(default=60, ge=0, le=36_500)
    usage_daily_retention_days: int = Field(default=1_095, ge=0, le=36_500)
    #: What AI calls a site that registered itself may make until the operator says otherwise; 0 is no limit.
    new_site_cny_per_day: int = Field(default=0, ge=0, le=1_000_000)
    new_site_calls_per_minute: int = Field(default=600, ge=0, le=1_000_000)
    new_site_calls_at_once: int = Field(default=100, ge=0, le=1_000_000)
    #: Other addresses of the same API, tried in this order when the first takes no connection; comma between.
    ohmygpt_api_fallbacks: str = ""
    #: What a call of a model without a price is set aside and counted with at most, in CNY; 0: by the dearest model.
    relay_unknown_model_cny: int = Field(default=0, ge=0, le=100_000)
    #: How long an answer is taken to be that nobody limits, where the limits do not leave the longest that it may be.
    relay_usual_answer_tokens: int = Field(default=0, ge=0, le=1_000_000)
    relay_max_body_mb: int = Field(default=100, ge=1, le=2048)
    relay_idle_timeout_s: int = Field(default=300, ge=5, le=3600)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ask in this order: arguments, environment, ``.env``, and last what a sandbox can do without."""
        return init_settings, env_settings, dotenv_settings, _SandboxDefaults(settings_cls)

    @property
    def production(self) -> bool:
        """Whether real money and real people are on the other side."""
        return self.hub_env is Environment.PRODUCTION

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets by which Stripe signs, one or several while one replaces another."""
        given = self.stripe_webhook_secrets.get_secret_value().split(",")
        return tuple(secret.strip() for secret in given if secret.strip())

    @property
    def relay_bases(self) -> tuple[str, ...]:
        """Where AI calls go, the preferred address first."""
        others = (base.strip() for base in self.ohmygpt_api_fallbacks.split(","))
        return (self.ohmygpt_api_base, *(base for base in others if base))

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        missing = [name for name, value in self._required().items() if not value]
        if missing:
            msg = f"not set: {', '.join(missing)}"
            raise ValueError(msg)
        if len(self.hub_secret_key.get_secret_value()) < _MIN_SECRET_CHARS:
            msg = f"HUB_SECRET_KEY must have at least {_MIN_SECRET_CHARS} characters"
            raise ValueError(msg)
        if self.hub_issuer.endswith("/") or "?" in self.hub_issuer or "#" in self.hub_issuer:
            msg = "HUB_ISSUER must be an origin such as https://connect.example.com, without a slash at the end"
            raise ValueError(msg)
        if self.production:
            _refuse_unsafe_production(self)
        return self

    def _required(self) -> dict[str, str]:
        return {
            "HUB_ISSUER": self.hub_issuer,
            "HUB_SECRET_KEY": self.hub_secret_key.get_secret_value(),
            "HUB_VAULT_KEYS": self.hub_vault_keys.get_secret_value(),
            "DATABASE_URL": self.database_url,
            "OHMYGPT_CLIENT_ID": self.ohmygpt_client_id,
            "OHMYGPT_CLIENT_SECRET": self.ohmygpt_client_secret.get_secret_value(),
            "OHMYGPT_API_BASE": self.ohmygpt_api_base,
            "OHMYGPT_WEB_BASE": self.ohmygpt_web_base,
        }


def hand_on_workers(processes: int) -> None:
    """Let the processes that this one starts know how many they are; they read it with their settings."""
    os.environ["HUB_WORKERS"] = str(processes)


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - any field of Settings
    """Read the settings; keyword arguments win over the environment.

    Raises:
        SettingsError: something is missing, malformed or unsafe.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(_sentences(error)) from None


def _refuse_unsafe_production(settings: Settings) -> None:
    for name, url in (
        ("HUB_ISSUER", settings.hub_issuer),
        ("OHMYGPT_API_BASE", settings.ohmygpt_api_base),
        ("OHMYGPT_WEB_BASE", settings.ohmygpt_web_base),
        *(("OHMYGPT_API_FALLBACKS", base) for base in settings.relay_bases[1:]),
    ):
        if not url.startswith("https://"):
            msg = f"{name} must begin with https:// when HUB_ENV=production (is it the sandbox's address?)"
            raise ValueError(msg)
    if settings.stripe_api_key.get_secret_value():
        _refuse_unsafe_stripe(settings)


def _refuse_unsafe_stripe(settings: Settings) -> None:
    if "_test_" in settings.stripe_api_key.get_secret_value():
        msg = "STRIPE_API_KEY is a test key: with HUB_ENV=production anybody could fill a wallet with a test card"
        raise ValueError(msg)
    if settings.stripe_api_base and not settings.stripe_api_base.startswith("https://"):
        msg = "STRIPE_API_BASE must begin with https:// when HUB_ENV=production; leave it empty for Stripe itself"
        raise ValueError(msg)
    if not settings.webhook_secrets:
        msg = "not set: STRIPE_WEBHOOK_SECRETS, without which no event of Stripe's can be believed"
        raise ValueError(msg)


class _SandboxDefaults(PydanticBaseSettingsSource):
    """The last source asked: what nobody set, for a sandbox; nothing at all for production."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the contract
        """Answer nothing by field; everything comes at once from the call."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return defaults that follow from the settings already read."""
        given = self.current_state
        if given.get("hub_env", Environment.SANDBOX) != Environment.SANDBOX:
            return {}
        instance = Path(given.get("hub_instance") or ROOT / "instance")
        sandbox = f"http://127.0.0.1:{given.get('sandbox_port', 8001)}"
        defaults = {
            "hub_issuer": f"http://127.0.0.1:{given.get('hub_port', 8000)}",
            "database_url": f"sqlite:///{instance / 'hub.db'}",
            "ohmygpt_api_base": sandbox,
            "ohmygpt_web_base": sandbox,
            "ohmygpt_api_key": "sk-SandboxOperatorKey00T3BlbkFJNotASecret0000000000",
        }
        if not given.get("stripe_api_key"):
            defaults |= _stripe_double(sandbox)
        return defaults | _generated_secrets(instance / "secrets.json", unless=given)


def _stripe_double(sandbox: str) -> dict[str, str]:
    """Return how the sandbox's double of Stripe is reached; its key and secret open nothing else."""
    return {
        "stripe_api_key": "sk_test_sandbox_not_a_secret",
        "stripe_webhook_secrets": "whsec_sandbox_not_a_secret",
        "stripe_api_base": f"{sandbox}/stripe",
    }


def _generated_secrets(path: Path, *, unless: dict[str, Any]) -> dict[str, str]:
    """Return the instance's own secrets, made at the first start and readable by its owner only."""
    names = {"hub_secret_key", "hub_vault_keys", "ohmygpt_client_id", "ohmygpt_client_secret"}
    if names <= unless.keys():
        return {}
    with suppress(FileExistsError):
        _write_first_secrets(path)
    stored: dict[str, str] = json.loads(path.read_text())
    return {name: stored[name] for name in names if name in stored}


def _write_first_secrets(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {
        "hub_secret_key": secrets.token_urlsafe(48),
        "hub_vault_keys": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "ohmygpt_client_id": secrets.token_hex(12),
        "ohmygpt_client_secret": secrets.token_hex(16),
    }
    if path.exists():
        return
    # Written aside and linked: two first starts at once agree on one file, and none reads half of it.
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(made, indent=2))
    try:
        os.link(aside, path)
    finally:
        aside.unlink()


def _sentences(error: ValidationError) -> str:
    """Return what is wrong, a line each, never with the offending value: it may be a secret."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in problem["loc"]).upper()
        text = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {text}" if name else text)
    return "\n".join(lines)
