"""The long-lived collaborators, made once and handed to whoever needs them."""

from dataclasses import dataclass, field
from typing import cast

from flask import current_app
from sqlalchemy import Engine

from oauth_app.db import make_engine
from oauth_app.guarded_http import GuardedHttp
from oauth_app.payments import StripeGateway
from oauth_app.relay import CallerCache, Grapevine
from oauth_app.settings import Settings, SettingsError
from oauth_app.upstream import UpstreamClient, load_profile
from oauth_app.upstream.transport import Transport
from oauth_app.vault import KeyRing, Vault


@dataclass(frozen=True, kw_only=True)
class Hub:
    """What every part of the application shares."""

    settings: Settings
    engine: Engine
    vault: Vault
    upstream: UpstreamClient
    #: The operator's own Stripe account; None if the operator takes no money by Stripe.
    payments: StripeGateway | None = None
    #: Goes to addresses that partners chose.
    outside: GuardedHttp
    #: Who may call AI models at this moment; whoever revokes a right tells it (after the commit).
    callers: CallerCache = field(default_factory=CallerCache)
    #: By which it tells the other processes; None without Redis.
    grapevine: Grapevine | None = None

    def close(self) -> None:
        """Give back connections."""
        if self.payments is not None:
            self.payments.close()
        if self.grapevine is not None:
            self.grapevine.close()
        self.engine.dispose()


def current_hub() -> Hub:
    """Return the hub of the application that handles the present request."""
    return cast("Hub", current_app.extensions["hub"])


def make_hub(settings: Settings) -> Hub:
    """Return the collaborators for these settings. Opens no connection yet.

    Raises:
        SettingsError: the vault's keys or the wire profile cannot be read.
    """
    try:
        ring = KeyRing.parse(settings.hub_vault_keys.get_secret_value())
    except ValueError as error:
        raise SettingsError(str(error)) from None
    callers = CallerCache()
    return Hub(
        settings=settings,
        engine=make_engine(settings.database_url),
        vault=Vault(ring),
        upstream=_make_upstream(settings),
        payments=_make_payments(settings),
        outside=GuardedHttp(allow_loopback=not settings.production),
        callers=callers,
        grapevine=Grapevine(settings.redis_url, callers) if settings.redis_url else None,
    )


def _make_upstream(settings: Settings) -> UpstreamClient:
    return UpstreamClient(
        load_profile(settings.ohmygpt_profile),
        Transport(settings.ohmygpt_api_base, timeout_s=settings.ohmygpt_timeout_s),
        web_base=settings.ohmygpt_web_base,
        client_id=settings.ohmygpt_client_id,
        client_secret=settings.ohmygpt_client_secret.get_secret_value(),
    )


def _make_payments(settings: Settings) -> StripeGateway | None:
    key = settings.stripe_api_key.get_secret_value()
    return StripeGateway(key, api_base=settings.stripe_api_base or None) if key else None
