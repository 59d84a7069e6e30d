"""Settings refuse what would be unsafe, and say what to set."""

import stat
from pathlib import Path
from typing import Any

import pytest

from oauth_app.settings import Settings, SettingsError, load_settings

PRODUCTION: dict[str, Any] = {
    "hub_env": "production",
    "hub_issuer": "https://connect.example.com",
    "hub_secret_key": "a-secret-key-that-is-long-enough-for-this",
    "hub_vault_keys": "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "database_url": "sqlite:////tmp/never-opened.db",
    "ohmygpt_client_id": "6681463833ebdbb2566d1def",
    "ohmygpt_client_secret": "0123456789abcdef0123456789abcdef",
    "ohmygpt_api_base": "https://api.example.com",
    "ohmygpt_web_base": "https://web.example.com",
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def load(**overrides: Any) -> Settings:  # noqa: ANN401 - any field of Settings
    """Read settings without any file of this machine."""
    return load_settings(_env_file=None, **overrides)


def test_production_starts_with_everything_set() -> None:
    """A complete production configuration is taken."""
    assert load(**PRODUCTION).production


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"hub_env"}))
def test_production_needs_every_one(name: str) -> None:
    """A setting that is missing in production stops the start and is named."""
    with pytest.raises(SettingsError, match=name.upper()):
        load(**{key: value for key, value in PRODUCTION.items() if key != name})


def test_everything_that_is_missing_is_named_at_once() -> None:
    """Nobody has to start eight times to learn what eight settings are called."""
    with pytest.raises(SettingsError, match="not set: HUB_ISSUER, HUB_SECRET_KEY, HUB_VAULT_KEYS, DATABASE_URL, OHMY"):
        load(hub_env="production")


@pytest.mark.parametrize("name", ["hub_issuer", "ohmygpt_api_base", "ohmygpt_web_base"])
def test_production_refuses_plain_http(name: str) -> None:
    """Tokens travel to these addresses, so production takes none without TLS; the sandbox has none."""
    with pytest.raises(SettingsError, match=f"{name.upper()} must begin with https"):
        load(**PRODUCTION | {name: "http://127.0.0.1:8001"})


def test_an_address_of_redis_is_one() -> None:
    """It is refused at the start, and not by the first call."""
    with pytest.raises(SettingsError, match="REDIS_URL"):
        load(**PRODUCTION | {"redis_url": "localhost:6379"})


def test_a_short_secret_key_is_refused() -> None:
    """A key that can be guessed signs nothing."""
    with pytest.raises(SettingsError, match="at least 32 characters"):
        load(**PRODUCTION | {"hub_secret_key": "short"})


def test_an_error_does_not_show_the_secret() -> None:
    """The sentence about a wrong setting never repeats its value."""
    with pytest.raises(SettingsError) as refusal:
        load(**PRODUCTION | {"hub_secret_key": "planted-and-short"})
    assert "planted" not in str(refusal.value)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8000/", "http://127.0.0.1:8000?x", "http://127.0.0.1#x"])
def test_an_issuer_is_an_origin(issuer: str, tmp_path: Path) -> None:
    """A slash or a query at the end of the issuer would break every client's comparison."""
    with pytest.raises(SettingsError, match="HUB_ISSUER must be an origin"):
        load(hub_instance=tmp_path, hub_issuer=issuer)


def test_a_sandbox_needs_no_settings(tmp_path: Path) -> None:
    """Secrets of a sandbox are made at the first start and found again at the next."""
    first, second = load(hub_instance=tmp_path), load(hub_instance=tmp_path)
    assert first == second
    assert len(first.hub_secret_key.get_secret_value()) >= 32


def test_the_secrets_file_is_its_owners(tmp_path: Path) -> None:
    """Nobody else on the machine can read the generated secrets."""
    load(hub_instance=tmp_path)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_settings_do_not_change(tmp_path: Path) -> None:
    """Settings are a value: nobody can change them after the start."""
    settings = load(hub_instance=tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.hub_port = 1  # type: ignore[misc]


def test_the_environment_wins_over_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operator sets is used, and what follows from it follows."""
    monkeypatch.setenv("HUB_PORT", "9100")
    assert load(hub_instance=tmp_path).hub_issuer == "http://127.0.0.1:9100"


def test_a_port_is_a_port(tmp_path: Path) -> None:
    """A number that is no port is refused by name."""
    with pytest.raises(SettingsError, match="HUB_PORT"):
        load(hub_instance=tmp_path, hub_port=70000)


LIVE = {"stripe_api_key": "sk_live_not_a_secret", "stripe_webhook_secrets": "whsec_1, whsec_2"}


def test_stripe_is_taken_in_production() -> None:
    """A live key with its webhook secrets, one or several."""
    settings = load(**PRODUCTION, **LIVE)
    assert (settings.webhook_secrets, settings.stripe_api_base) == (("whsec_1", "whsec_2"), "")


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"stripe_api_key": "sk_test_not_a_secret"}, "STRIPE_API_KEY"),
        ({"stripe_api_key": "rk_test_not_a_secret"}, "STRIPE_API_KEY"),
        ({"stripe_api_base": "http://127.0.0.1:8001/stripe"}, "STRIPE_API_BASE"),
        ({"stripe_webhook_secrets": " , "}, "STRIPE_WEBHOOK_SECRETS"),
    ],
    ids=str,
)
def test_unsafe_stripe_is_refused_in_production(changes: dict[str, str], setting: str) -> None:
    """Play money, plain HTTP, or events that nobody can verify: the hub does not start."""
    with pytest.raises(SettingsError, match=setting):
        load(**(PRODUCTION | LIVE | changes))


def test_production_without_stripe_has_none() -> None:
    """The double of the sandbox never slips into production."""
    assert load(**PRODUCTION).stripe_api_key.get_secret_value() == ""


def test_a_sandbox_speaks_to_the_double() -> None:
    """Nothing needs to be set; a key of your own goes to Stripe itself."""
    assert load(sandbox_port=9001).stripe_api_base == "http://127.0.0.1:9001/stripe"
    assert load(stripe_api_key="sk_test_of_my_own").stripe_api_base == ""
