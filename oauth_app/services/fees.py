"""What the operator takes of a partner's charges, by version: each charge keeps the one it was made under."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import FeeVersion, Partner
from oauth_app.services.partner_errors import UnknownPartnerError

MOST_BASIS_POINTS = 10_000
#: Of who sets a fee.
MAX_NAME_CHARS = 320
#: Who set the fee of a partner that was registered before fees had versions.
AT_REGISTRATION = "registration"


class InvalidFeeError(HubError):
    """The fee is not between nothing and the whole."""


def current_fee(session: Session, partner_id: str) -> FeeVersion:
    """Return the version that counts now; a partner without any gets its first. The caller commits.

    Raises:
        UnknownPartnerError: there is no such partner.
    """
    return _find(session, partner_id) or _make_first(session, partner_id)


def set_fee(session: Session, partner_id: str, basis_points: int, *, set_by: str) -> FeeVersion:
    """Let a new fee count from now on; charges that were made keep theirs. The caller commits.

    One that counts already makes no new version.

    Raises:
        UnknownPartnerError: there is no such partner.
        InvalidFeeError: not between 0 and 10 000 hundredths of a per cent.
    """
    if not 0 <= basis_points <= MOST_BASIS_POINTS:
        raise InvalidFeeError(basis_points)
    partner = _lock(session, partner_id)
    before = _find(session, partner_id) or _kept(session, _first(partner))  # what has counted so far stays known
    if before.basis_points == basis_points:
        return before
    partner.fee_basis_points = basis_points
    version = FeeVersion(
        id=new_id(Kind.FEE_VERSION),
        partner_id=partner_id,
        basis_points=basis_points,
        set_by=set_by,
        valid_from=clock.now(),
    )
    return _kept(session, version)


def list_fees(session: Session, partner_id: str) -> Sequence[FeeVersion]:
    """Return all versions, the one that counts now first.

    Raises:
        UnknownPartnerError: there is no such partner.
    """
    partner = session.get(Partner, partner_id)
    if partner is None:
        raise UnknownPartnerError(partner_id)
    of_partner = select(FeeVersion).where(FeeVersion.partner_id == partner_id)
    known = session.scalars(of_partner.order_by(FeeVersion.valid_from.desc(), FeeVersion.id.desc())).all()
    # Nothing was charged yet: what will count is what was registered.
    return known or [_first(partner)]


def _find(session: Session, partner_id: str) -> FeeVersion | None:
    latest = select(FeeVersion).where(FeeVersion.partner_id == partner_id).order_by(FeeVersion.valid_from.desc())
    return session.scalar(latest.order_by(FeeVersion.id.desc()).limit(1))


def _make_first(session: Session, partner_id: str) -> FeeVersion:
    partner = _lock(session, partner_id)
    # Two first charges may both come here; the second finds what the first has made.
    return _find(session, partner_id) or _kept(session, _first(partner))


def _lock(session: Session, partner_id: str) -> Partner:
    # Weaker than FOR UPDATE: rows that name the partner may be written meanwhile.
    locked = select(Partner).where(Partner.id == partner_id).with_for_update(key_share=True)
    partner = session.scalar(locked.execution_options(populate_existing=True))
    if partner is None:
        raise UnknownPartnerError(partner_id)
    return partner


def _first(partner: Partner) -> FeeVersion:
    return FeeVersion(
        id=new_id(Kind.FEE_VERSION),
        partner_id=partner.id,
        basis_points=partner.fee_basis_points,
        set_by=AT_REGISTRATION,
        valid_from=partner.created_at,
    )


def _kept(session: Session, version: FeeVersion) -> FeeVersion:
    session.add(version)
    session.flush()  # what is charged now names it
    return version
