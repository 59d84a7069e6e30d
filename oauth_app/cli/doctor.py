"""`doctor`: what stands between this installation and a working hub."""

from collections.abc import Callable
from http import HTTPStatus

import click
import redis
import urllib3

from oauth_app.cli.answers import Row, json_option, show_many
from oauth_app.cli.opening import check_database, open_hub
from oauth_app.errors import HubError
from oauth_app.hub import Hub
from oauth_app.settings import load_settings

Check = Callable[[Hub], str]


class UnreachableError(HubError):
    """An address does not answer; the text says which, and which setting holds it."""


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Check settings, database and OhMyGPT; exit code 1 if anything is wrong."""
    rows = examine()
    show_many(rows, as_json=as_json, nothing="")
    if not all(row["ok"] for row in rows):
        raise click.exceptions.Exit(1)


def examine() -> list[Row]:
    """Run every check; those that need a hub only if the settings make one."""
    try:
        with open_hub(load_settings()) as hub:
            settings = _row("settings", ok=True, finding=f"HUB_ENV={hub.settings.hub_env}")
            return [settings, *(_run(name, check, hub) for name, check in CHECKS.items())]
    except HubError as error:
        return [_row("settings", ok=False, finding=str(error))]


def find_database(hub: Hub) -> str:
    """Return what kind of database answers, with the tables of this version.

    Raises:
        DatabaseUnreadyError: none does.
    """
    check_database(hub)
    return f"{hub.engine.dialect.name}, at the newest revision"


def find_upstream(hub: Hub) -> str:
    """Return the address of OhMyGPT, which answers.

    Raises:
        UnreachableError: it does not.
    """
    address = hub.settings.ohmygpt_api_base
    try:
        with urllib3.PoolManager(retries=False) as http:
            status = http.request("GET", address, timeout=10, redirect=False).status
    except urllib3.exceptions.HTTPError as error:
        msg = f"{address} does not answer ({type(error).__name__}); check OHMYGPT_API_BASE"
        raise UnreachableError(msg) from None
    return f"{address} answers (HTTP {status})"


def find_stripe(hub: Hub) -> str:
    """Return how the hub takes money by Stripe, and whether Stripe's events can reach it.

    Raises:
        UnreachableError: the webhook's address leads elsewhere; Stripe follows no redirect.
    """
    if hub.payments is None:
        return "STRIPE_API_KEY is not set: no top-ups by Stripe"
    mode = "real money" if hub.payments.livemode else "test mode"
    where = hub.settings.stripe_api_base or "Stripe itself"
    return f"{mode} at {where}, {len(hub.settings.webhook_secrets)} webhook secret(s), {_find_webhook(hub)}"


def _find_webhook(hub: Hub) -> str:
    address = f"{hub.settings.hub_issuer}/webhooks/stripe"
    try:
        with urllib3.PoolManager(retries=False) as http:
            status = http.request("POST", address, timeout=10, redirect=False).status
    except urllib3.exceptions.HTTPError:
        return f"{address} was not checked: the hub does not run"
    if status != HTTPStatus.BAD_REQUEST:  # what it says to whoever is not Stripe
        msg = f"{address} answers {status} instead of 400: Stripe follows no redirect; check HUB_ISSUER and the proxy"
        raise UnreachableError(msg)
    return f"{address} is reachable"


def find_redis(hub: Hub) -> str:
    """Return who counts the AI calls of several processes.

    Raises:
        UnreachableError: Redis, which should.
    """
    if not hub.settings.redis_url:
        return "REDIS_URL is not set: the database counts AI calls where several processes serve"
    try:
        with redis.Redis.from_url(hub.settings.redis_url, socket_timeout=5, socket_connect_timeout=5) as server:
            version = server.info("server")["redis_version"]
    except (redis.RedisError, OSError, ValueError) as error:
        msg = f"Redis does not answer ({type(error).__name__}); check REDIS_URL"
        raise UnreachableError(msg) from None
    return f"Redis {version} counts AI calls"


CHECKS: dict[str, Check] = {
    "database": find_database,
    "OhMyGPT": find_upstream,
    "Stripe": find_stripe,
    "Redis": find_redis,
}


def _run(name: str, check: Check, hub: Hub) -> Row:
    try:
        return _row(name, ok=True, finding=check(hub))
    except HubError as error:
        return _row(name, ok=False, finding=str(error))


def _row(check: str, *, ok: bool, finding: str) -> Row:
    return {"check": check, "ok": ok, "finding": finding}
