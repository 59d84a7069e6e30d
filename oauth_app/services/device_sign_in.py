"""A device's sign-in, decided by a person at a browser (RFC 8628 3.3).

The code is short, so it must not be guessed: nobody looks one up without being signed in, and who gives too many
wrong ones waits. A stranger's code that was guessed would only let the guesser sign in on somebody else's device.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.models import DeviceGrant, Partner, User, WrongUserCode
from oauth_app.provider.device_authorization import APPROVED, DENIED, PENDING
from oauth_app.provider.device_codes import digest_of_user_code, read_user_code
from oauth_app.provider.owner import ResourceOwner

#: RFC 8628 5.1: of 20^8 codes, a person can try so many in this time, and all people together so many.
WINDOW = timedelta(minutes=10)
MOST_WRONG_OF_USER = 10
MOST_WRONG_OF_ALL = 1000


class CodeProblem(StrEnum):
    """Why a code does not lead to a device."""

    #: It cannot be a code, whatever it is.
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    #: The device has its answer already.
    DECIDED = "decided"
    #: Too many wrong ones before; this one was not looked at.
    TOO_MANY = "too_many"


class AlreadyDecidedError(HubError):
    """Somebody was quicker, in another tab perhaps, or the code ran out in that moment."""


@dataclass(frozen=True, kw_only=True)
class WaitingDevice:
    """A device that waits for the person's word."""

    user_code: str
    partner: Partner
    scopes: tuple[str, ...]


def find_waiting_device(session: Session, user_id: str, typed: str) -> WaitingDevice | CodeProblem:
    """Return the device that shows this code, or why there is none. The caller commits: a wrong code counts."""
    code = read_user_code(typed)
    if code is None:
        return CodeProblem.MALFORMED
    if _has_guessed_enough(session, user_id):
        return CodeProblem.TOO_MANY
    return _look_up(session, user_id, code)


def approve_device(session: Session, device: WaitingDevice, owner: ResourceOwner) -> None:
    """Let the device sign in as the owner. The caller commits.

    Raises:
        AlreadyDecidedError: the device waits no more.
    """
    _decide(
        session,
        device,
        status=APPROVED,
        consent_id=owner.consent.id,
        signed_in_at=owner.signed_in_at,
    )


def deny_device(session: Session, device: WaitingDevice) -> None:
    """Send the device away. The caller commits.

    Raises:
        AlreadyDecidedError: the device waits no more.
    """
    _decide(session, device, status=DENIED)


def _look_up(session: Session, user_id: str, code: str) -> WaitingDevice | CodeProblem:
    row = session.execute(
        select(DeviceGrant, Partner)
        .join(Partner, Partner.id == DeviceGrant.partner_id)
        .where(DeviceGrant.user_code_digest == digest_of_user_code(code), Partner.disabled_at.is_(None))
    ).first()
    if row is None:
        session.add(WrongUserCode(user_id=user_id, tried_at=clock.now()))
        return CodeProblem.UNKNOWN
    device, partner = row
    if device.status == PENDING and device.expires_at > clock.now():
        return WaitingDevice(user_code=code, partner=partner, scopes=tuple(device.scope.split()))
    return CodeProblem.EXPIRED if device.status == PENDING else CodeProblem.DECIDED


def _decide(session: Session, device: WaitingDevice, **values: object) -> None:
    waiting = DeviceGrant.user_code_digest == digest_of_user_code(device.user_code), DeviceGrant.status == PENDING
    decided = session.execute(
        update(DeviceGrant)
        .where(*waiting, DeviceGrant.expires_at > clock.now())
        .values(**values)
        .returning(DeviceGrant.family_id)
    ).first()
    if decided is None:
        raise AlreadyDecidedError


def _has_guessed_enough(session: Session, user_id: str) -> bool:
    # Locked, so that guesses at once are counted one after the other.
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    recent = select(func.count()).where(WrongUserCode.tried_at > clock.now() - WINDOW)
    of_user = session.scalar(recent.where(WrongUserCode.user_id == user_id)) or 0
    return of_user >= MOST_WRONG_OF_USER or (session.scalar(recent) or 0) >= MOST_WRONG_OF_ALL
