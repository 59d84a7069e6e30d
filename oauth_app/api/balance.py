"""``/hub/v1/balance``: what the user can spend."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from oauth_app.api.bearer import current_access, require_access
from oauth_app.api.operations import Operation, answer, describes, read_query
from oauth_app.api.problems import answer_problems
from oauth_app.api.schemas import BalanceAnswer, PlainQuery, UpstreamAmounts, WalletAmount
from oauth_app.hub import current_hub
from oauth_app.services.balances import read_balance, read_wallets
from oauth_app.services.scopes import Scope

bp = Blueprint("balance", __name__, url_prefix="/hub/v1/balance")
bp.before_request(require_access)
answer_problems(bp)


@bp.get("")
@describes(
    Operation(
        scope=Scope.BALANCE_READ,
        answers={200: BalanceAnswer},
        problems=("connection_lost", "insufficient_funds", "upstream_unavailable", "upstream_error"),
    )
)
def show() -> ResponseReturnValue:
    """Tell what the user can spend: at OhMyGPT, asked at this moment, and in the wallet here."""
    read_query(PlainQuery)
    hub, access = current_hub(), current_access()
    balance = read_balance(hub, access)
    wallet = [WalletAmount(asset=asset, available=free, held=held) for asset, free, held in read_wallets(hub, access)]
    return answer(BalanceAnswer(ohmygpt=UpstreamAmounts(paid=balance.paid, free=balance.free), wallet=wallet))
