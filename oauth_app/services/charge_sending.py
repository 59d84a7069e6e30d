"""Send a charge that is written down: look at the balance, note it, ask once, and tell what came of it."""

from datetime import timedelta

from sqlalchemy import update

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge
from oauth_app.services.charge_states import ChargeStatus, FailureCode, Verdict, begun_at
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.upstream_calls import lease, noting_loss
from oauth_app.upstream import (
    UpstreamError,
    UpstreamInsufficientFundsError,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)

_REQUEST_TIMEOUT = 408


def send_charge(hub: Hub, pending: Charge, token: str) -> Verdict:
    """Charge the user at OhMyGPT, at most once, and return what became of it. Owns its transactions.

    Called for a committed ``pending`` row, and only by whoever wrote it.
    """
    try:
        with noting_loss(hub, pending.user_id, token):
            balance = hub.upstream.balance(token).paid
    except (UpstreamError, ConnectionLostError) as error:
        return Verdict.of_failure(_failure_of_looking(error))
    if _is_too_late(hub, pending) or not _note_balance(hub, pending.id, balance):
        return Verdict.of_failure(FailureCode.NOT_SENT)
    return _ask(hub, pending, token)


def _is_too_late(hub: Hub, pending: Charge) -> bool:
    """Tell whether asking could last longer than others wait: a machine may have slept, and they look by then."""
    return clock.now() - begun_at(pending) > lease(hub.settings) - timedelta(seconds=hub.settings.ohmygpt_timeout_s)


def _note_balance(hub: Hub, charge_id: str, balance: int) -> bool:
    """Commit that the charge is sent now; False if the worker has given it up in the meantime."""
    with transaction(hub.engine) as session:
        noted = session.execute(
            update(Charge)
            .where(Charge.id == charge_id, Charge.status == ChargeStatus.PENDING)
            .values(balance_before=balance)
            .returning(Charge.id)
        )
        return noted.first() is not None


def _ask(hub: Hub, pending: Charge, token: str) -> Verdict:
    try:
        with noting_loss(hub, pending.user_id, token):
            taken = hub.upstream.charge(token, amount=pending.amount, remark=pending.description)
    except (UpstreamError, ConnectionLostError) as error:
        return Verdict.of_failure(_failure_of(error))
    return Verdict(status=ChargeStatus.SUCCEEDED, upstream_order_id=taken.order_id)


def _failure_of_looking(error: UpstreamError | ConnectionLostError) -> FailureCode:
    """Tell why the charge was not even tried. OhMyGPT refuses most calls of a user who has nothing."""
    code = _failure_of(error)
    return code if code in {FailureCode.INSUFFICIENT_FUNDS, FailureCode.CONNECTION_LOST} else FailureCode.NOT_SENT


def _failure_of(error: UpstreamError | ConnectionLostError) -> FailureCode:
    match error:
        case UpstreamInsufficientFundsError():
            return FailureCode.INSUFFICIENT_FUNDS
        case ConnectionLostError():
            return FailureCode.CONNECTION_LOST
        case UpstreamUnavailableError():
            return FailureCode.NOT_SENT if error.surely_not_sent else FailureCode.NO_ANSWER
    return FailureCode.REFUSED if _is_plain_no(error) else FailureCode.UNCLEAR_ANSWER


def _is_plain_no(error: UpstreamError) -> bool:
    """Tell whether it is a 4xx that says that nothing was done."""
    return isinstance(error, UpstreamRefusedError) and 400 <= error.status < 500 and error.status != _REQUEST_TIMEOUT
