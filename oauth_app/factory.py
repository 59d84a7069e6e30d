"""The Flask application: the one module that knows every page and every endpoint."""

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from oauth_app.api import (
    balance,
    charges,
    discovery,
    docs,
    events,
    holds,
    ledger_entries,
    me,
    oauth,
    openapi,
    refunds,
    registration,
    statements,
    stripe_webhook,
    top_ups,
    usage,
    webhook_endpoints,
)
from oauth_app.api.problems import register_problems
from oauth_app.hub import Hub, make_hub
from oauth_app.services.browser_sessions import SESSION_LIFE
from oauth_app.settings import ROOT, Settings, load_settings
from oauth_app.web import (
    account,
    account_limits,
    account_sessions,
    account_statements,
    account_top_ups,
    account_usage,
    account_wallet,
    admin,
    admin_charges,
    admin_money,
    admin_partners,
    admin_reconciliation,
    admin_statements,
    approvals,
    authorize,
    developer_docs,
    device,
    device_qr,
    health,
    home,
    language,
    login,
    logos,
    logout,
)
from oauth_app.web.developers import DEVELOPER_PAGES
from oauth_app.web.error_pages import register_error_pages
from oauth_app.web.formatting import register_formatting
from oauth_app.web.login_state import current_login, keep_seen
from oauth_app.web.logos import register_logos
from oauth_app.web.response_headers import register_response_headers

#: Pages carry a session cookie, so each change needs a CSRF token.
PAGES = (
    home,
    login,
    logout,
    account_sessions,
    authorize,
    device,
    device_qr,
    account,
    account_top_ups,
    admin,
    admin_partners,
    admin_charges,
    admin_money,
    language,
    health,
    docs,
    developer_docs,
    logos,
    account_limits,
    account_statements,
    account_usage,
    approvals,
    account_wallet,
    admin_reconciliation,
    admin_statements,
    *DEVELOPER_PAGES,
)
#: Endpoints are authenticated by what the caller sends, never by a cookie: CSRF cannot happen.
ENDPOINTS = (
    discovery,
    oauth,
    registration,
    me,
    balance,
    charges,
    holds,
    refunds,
    ledger_entries,
    top_ups,
    usage,
    events,
    webhook_endpoints,
    statements,
    stripe_webhook,
    openapi,
)


def create_app(hub: Hub | None = None) -> Flask:
    """Return the application; without a hub, one is made from the settings."""
    hub = hub or make_hub(load_settings())
    app = Flask(__name__, template_folder=str(ROOT / "templates"))
    app.extensions["hub"] = hub
    app.config.update(_configuration(hub.settings))
    register_response_headers(app, hub.settings)  # first, so that every refusal has its id
    app.after_request(keep_seen)
    csrf = CSRFProtect(app)
    for module in PAGES:
        app.register_blueprint(module.bp)
    for module in ENDPOINTS:
        app.register_blueprint(module.bp)
        csrf.exempt(module.bp)
    language.register_languages(app)
    register_formatting(app)
    register_logos(app)
    register_error_pages(app)
    register_problems(app)
    app.jinja_env.globals["current_login"] = current_login
    _trust_proxies(app, hub.settings)
    return app


def _configuration(settings: Settings) -> dict[str, object]:
    secure = settings.hub_issuer.startswith("https://")
    return {
        "SECRET_KEY": settings.hub_secret_key.get_secret_value(),
        # __Host-: no other host of the domain can set it (RFC 6265bis 4.1.3.2).
        "SESSION_COOKIE_NAME": "__Host-hub_session" if secure else "hub_session",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFE,
        "MAX_CONTENT_LENGTH": 1_000_000,
        # A form is good as long as its session: a consent page left open over lunch still works.
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _trust_proxies(app: Flask, settings: Settings) -> None:
    count = settings.trusted_proxy_count
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
