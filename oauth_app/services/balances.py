"""What a user can spend."""

from oauth_app.hub import Hub
from oauth_app.services.access import Access
from oauth_app.services.scopes import Scope
from oauth_app.services.upstream_calls import ask_for_user
from oauth_app.upstream import UpstreamBalance


def read_balance(hub: Hub, access: Access) -> UpstreamBalance:
    """Return the user's balance at OhMyGPT, asked for now. Owns its transactions.

    Raises:
        InsufficientScopeError: the user did not allow the partner to see it.
        ConnectionLostError: the user must sign in at the hub again.
        UpstreamError: OhMyGPT cannot tell.
    """
    access.require(Scope.BALANCE_READ)
    return ask_for_user(hub, access.user_id, hub.upstream.balance, reason="balance")
