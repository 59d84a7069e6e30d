"""Tell the partner what has become of a charge, in the transaction in which it did."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.models import Charge, Consent
from oauth_app.services.events import EventType, record_event
from oauth_app.services.wire_objects import charge_object


def tell_of_charge(session: Session, charge: Charge, *, approval_url: str | None = None) -> None:
    """Write the event of the state in which the charge is now. The caller commits."""
    subject = session.scalars(select(Consent.subject).where(Consent.id == charge.consent_id)).one()
    told = charge_object(charge, subject, approval_url=approval_url)
    record_event(session, charge.partner_id, EventType(f"charge.{charge.status}"), charge.id, told)


def approval_url(charge: Charge, issuer: str) -> str | None:
    """Return where the user decides about the charge; None if it does not wait for them."""
    return f"{issuer}/account/approvals/{charge.id}" if charge.status == "approval_required" else None
