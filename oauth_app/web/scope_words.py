"""The scopes in words."""

from flask_babel import gettext as _

from oauth_app.services.scopes import Scope


def scope_words() -> dict[str, str]:
    """Return what each scope lets a site do, in the reader's language."""
    return {
        Scope.OPENID: _("Recognise you when you come back"),
        Scope.PROFILE: _("Know your name"),
        Scope.EMAIL: _("Know your e-mail address"),
        Scope.OFFLINE_ACCESS: _("Stay connected while you are away"),
        Scope.BALANCE_READ: _("See your OhMyGPT balance"),
        Scope.CHARGES_WRITE: _("Charge you, within the limits you set"),
        Scope.TOPUPS_WRITE: _("Open top-up orders for you; you decide whether to pay"),
        Scope.API: _("Use AI models at your expense"),
    }
