"""Send what waits in the outbox: many at once, and nothing of the database held while others answer."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from oauth_app.db import reading, transaction
from oauth_app.guarded_http import ForbiddenAddressError, OutboundFailedError
from oauth_app.hub import Hub
from oauth_app.models import Partner
from oauth_app.outbox import Lease, Outcome, is_any_due, lease_due, settle
from oauth_app.provider.logout_token import LOGOUT_TOKEN, LogoutNotice, sign_logout_token
from oauth_app.services.events import WEBHOOK
from oauth_app.services.issuer import load_issuer
from oauth_app.services.webhook_sending import send_webhook

#: At most so many in one turn, each in a thread of its own: one that does not answer delays no other in it.
AT_ONCE = 16
#: Back-Channel Logout 2.8: 200, or 204 of frameworks that answer so to nothing.
_LOGGED_OUT = frozenset({200, 204})
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

_log = logging.getLogger(__name__)

Sender = Callable[[Hub, Lease], Outcome]


def send_due(hub: Hub) -> int:
    """Send what is due, wait for the answers, and return how many were tried. Owns its transactions."""
    with reading(hub.engine) as session:  # mostly there is nothing, and then nobody must wait for a writer
        if not is_any_due(session):
            return 0
    with transaction(hub.engine) as session:
        leases = lease_due(session, limit=AT_ONCE)
    if leases:
        with ThreadPoolExecutor(max_workers=len(leases)) as threads:
            list(threads.map(lambda lease: _send(hub, lease), leases))
    return len(leases)


def send_logout_token(hub: Hub, lease: Lease) -> Outcome:
    """Back-Channel Logout 2.5: post a logout token, signed now, for it lives only two minutes."""
    message = lease.message
    with reading(hub.engine) as session:
        partner = session.get(Partner, message.partner_id)
    if partner is None or partner.disabled_at is not None:
        return Outcome(was_taken=False, error="the partner is switched off", is_final=True)
    notice = LogoutNotice(
        id=lease.id,
        partner_id=partner.id,
        subject=message.payload["sub"],
        partner_session_id=message.payload["sid"],
    )
    token = sign_logout_token(load_issuer(hub), notice, partner.id_token_algorithm)
    status = hub.outside.post(message.url, body=urlencode({"logout_token": token}).encode(), headers=_FORM)
    return _judge(status)


#: Kind of message -> how it becomes a request.
SENDERS: Mapping[str, Sender] = {LOGOUT_TOKEN: send_logout_token, WEBHOOK: send_webhook}


def _send(hub: Hub, lease: Lease) -> None:
    try:
        outcome = SENDERS[lease.message.kind](hub, lease)
    except ForbiddenAddressError:
        outcome = Outcome(was_taken=False, error="the address is not public")
    except OutboundFailedError as error:
        outcome = Outcome(was_taken=False, error=f"no answer: {error}"[:200])
    except Exception:  # noqa: BLE001 - whatever it is, the message must not be tried for ever
        _log.exception("delivery %s failed", lease.id)
        outcome = Outcome(was_taken=False, error="an error of ours")
    with transaction(hub.engine) as session:
        settle(session, lease, outcome)


def _judge(status: int) -> Outcome:
    if status in _LOGGED_OUT:
        return Outcome(was_taken=True, status=status)
    return Outcome(was_taken=False, status=status, error=f"answered {status}")
