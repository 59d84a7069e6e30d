"""Consent: what a user allows a partner, remembered until the user takes it back."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.call_limits import NO_LIMITS, NUMBERS, CallLimits
from oauth_app.db import insert_into
from oauth_app.errors import HubError
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Consent
from oauth_app.provider.authorization_details import Details, limits_of, limits_of_consent
from oauth_app.provider.owner import is_in_force
from oauth_app.provider.tokens import revoke_all_of_consent
from oauth_app.services.events import EventType, record_event
from oauth_app.services.partner_sessions import end_sessions_of_consent
from oauth_app.services.scopes import ALL_SCOPES, Scope
from oauth_app.services.wire_objects import user_object


class InvalidLimitsError(HubError):
    """The limits are not above zero, or one charge may be more than a whole month."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a partner may charge a user, in hundredths of an OhMyGPT unit.

    Raises:
        InvalidLimitsError: not above zero, or one charge may be more than a month.
    """

    per_charge: int
    per_month: int
    #: A charge above this waits for the user's word; None is never.
    ask_above: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.per_charge <= self.per_month or (self.ask_above is not None and self.ask_above < 0):
            raise InvalidLimitsError


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What a user has just agreed to.

    Raises:
        InvalidLimitsError: charges are allowed, and no limits are given; or a list allows nothing at all.
    """

    user_id: str
    partner_id: str
    scopes: Sequence[str]
    #: None when the user was not asked, for nothing that costs was.
    limits: Limits | None = None
    #: What of AI calls; it counts only with the scope for them.
    calls: CallLimits = NO_LIMITS
    #: What the partner asked for of AI calls, so that the same is not asked again.
    asked_details: Details | None = None
    #: When it runs out by itself; None is not before the user takes it back.
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if Scope.CHARGES_WRITE in self.scopes and self.limits is None:
            raise InvalidLimitsError
        numbers = (getattr(self.calls, name) for name in NUMBERS)
        if any(number is not None and number < 1 for number in numbers) or () in {
            self.calls.models,
            self.calls.endpoints,
        }:
            raise InvalidLimitsError


def find_consent(session: Session, user_id: str, partner_id: str) -> Consent | None:
    """Return what the user allows the partner; None if nothing, or nothing any more."""
    return session.scalar(_consent(user_id, partner_id).where(is_in_force()))


def find_subject(session: Session, user_id: str, partner_id: str) -> str | None:
    """Return the ``sub`` by which the partner knows the user, though it may be disconnected; None if it never did."""
    consent = session.scalar(_consent(user_id, partner_id))
    return consent.subject if consent else None


def needs_consent(consent: Consent | None, scopes: Sequence[str], details: Details | None = None) -> bool:
    """Tell whether a partner that asks for these scopes and AI calls must wait for the user's word.

    What the user allowed less of than was asked is not asked again, until the partner asks for still more.
    """
    if consent is None or not set(scopes) <= set(consent.scopes):
        return True
    asked, answered = limits_of(details), limits_of(consent.asked_details)
    more = limits_of_consent(consent).exceeded_by(asked)
    return any(getattr(answered, name) is None for name in more) or bool(more & answered.exceeded_by(asked))


def agree(session: Session, agreement: Agreement) -> Consent:
    """Remember what the user agreed to, on top of what the partner has been allowed before. The caller commits.

    After a revocation, or when it has run out, it begins anew, but for ``subject``: the partner must know its
    user again.
    """
    _open_consent(session, agreement)
    # Locked, so that two tabs that agree at once add to each other.
    consent = session.scalars(_consent(agreement.user_id, agreement.partner_id).with_for_update()).one()
    if _has_run_out(consent):
        # What was issued before it ran out must not come back to life with it.
        revoke_all_of_consent(session, consent.id)
        consent.revoked_at = consent.expires_at
    earlier = () if consent.revoked_at else consent.scopes
    consent.scopes = [scope for scope in ALL_SCOPES if scope in earlier or scope in agreement.scopes]
    consent.agreed_at = clock.now()
    consent.revoked_at = None
    consent.expires_at = agreement.expires_at
    _set_limits(consent, agreement)
    consent.asked_details = agreement.asked_details
    return consent


def change_limits(session: Session, wish: Agreement) -> None:
    """Change the limits of what the user once agreed to; ``wish`` names all as they are to be. The caller commits.

    Raises:
        InvalidLimitsError: there is no such consent any more.
    """
    consent = session.scalar(_consent(wish.user_id, wish.partner_id).where(is_in_force()).with_for_update())
    if consent is None:  # disconnected in another tab
        raise InvalidLimitsError
    consent.expires_at = wish.expires_at
    _set_limits(consent, wish)


def revoke_consent(session: Session, consent_id: str) -> None:
    """Take the consent back: every token and code of it ends at once, and the partner is told. The caller commits.

    Whose consent it is, the caller has checked. One that is revoked, or never was, changes nothing.
    """
    # Locked first, as for every token that is issued: none can slip in between.
    consent = session.get(Consent, consent_id, with_for_update=True)
    if consent is None or consent.revoked_at is not None:
        return
    consent.revoked_at = clock.now()
    revoke_all_of_consent(session, consent.id)
    end_sessions_of_consent(session, consent.id)
    told = user_object(consent.subject)
    record_event(session, consent.partner_id, EventType.CONSENT_REVOKED, consent.subject, told)


def _has_run_out(consent: Consent) -> bool:
    return consent.expires_at is not None and consent.expires_at <= clock.now()


def _set_limits(consent: Consent, agreement: Agreement) -> None:
    if agreement.limits is not None:
        consent.limit_per_charge = agreement.limits.per_charge
        consent.limit_per_month = agreement.limits.per_month
        consent.step_up_above = agreement.limits.ask_above
    if Scope.API in agreement.scopes:
        _set_call_limits(consent, agreement.calls)


def _set_call_limits(consent: Consent, calls: CallLimits) -> None:
    consent.ai_spend_per_day = calls.spend_per_day
    consent.ai_spend_per_month = calls.spend_per_month
    consent.calls_per_minute = calls.calls_per_minute
    consent.ai_calls_at_once = calls.calls_at_once
    consent.allowed_models = None if calls.models is None else list(calls.models)
    consent.allowed_endpoints = None if calls.endpoints is None else list(calls.endpoints)


def _consent(user_id: str, partner_id: str) -> Select[Consent]:
    return select(Consent).where(Consent.user_id == user_id, Consent.partner_id == partner_id)


def _open_consent(session: Session, agreement: Agreement) -> None:
    # Two tabs may agree at once; the second must find the first one's row, with its subject.
    session.execute(
        insert_into(session, Consent)
        .values(
            id=new_id(Kind.CONSENT),
            user_id=agreement.user_id,
            partner_id=agreement.partner_id,
            subject=secrets.token_urlsafe(24),
            scopes=[],
            agreed_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=[Consent.user_id, Consent.partner_id])
    )
