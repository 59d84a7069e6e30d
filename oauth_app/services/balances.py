"""What a user can spend."""

from collections.abc import Sequence

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.ledger import get_wallets
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


def read_wallets(hub: Hub, access: Access) -> Sequence[tuple[str, int, int]]:
    """Return (asset, available, held) of the user's wallets at the hub. Owns its transaction.

    Raises:
        InsufficientScopeError: the user did not allow the partner to see it.
    """
    access.require(Scope.BALANCE_READ)
    with reading(hub.engine) as session:
        return get_wallets(session, access.user_id)
