"""Who calls: found by the access token, remembered for a moment."""

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple, Protocol

from oauth_app import clock
from oauth_app.call_limits import NO_LIMITS, CallLimits
from oauth_app.endpoint_groups import EndpointGroup
from oauth_app.relay.credentials import Credential
from oauth_app.relay.errors import EndpointNotAllowedError, ModelNotAllowedError

#: How long another process may still honour a token after it was revoked.
TTL = timedelta(seconds=2)
_CAPACITY = 10_000
#: Kinds of calls that name no model because they use none.
_WITHOUT_MODELS = frozenset({EndpointGroup.FILES, EndpointGroup.SEARCH, EndpointGroup.MODELS})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, weakref_slot=True)
class Caller:
    """A user at a partner, and the token that OhMyGPT knows the user by."""

    consent_id: str
    user_id: str
    partner_id: str
    upstream_token: str = field(repr=False)
    #: Of the access token; limits for each token count by it.
    token_id: str = ""
    #: What the user allows this site, the operator the site as a whole, and the site each of its tokens.
    user_calls: CallLimits = NO_LIMITS
    site_calls: CallLimits = NO_LIMITS
    token_calls: CallLimits = NO_LIMITS
    #: Of the key that each call must prove (RFC 9449); None for a bearer token.
    dpop_thumbprint: str | None = None

    @property
    def authorization(self) -> bytes:
        """The line by which OhMyGPT knows the user."""
        return b"authorization: Bearer %b\r\n" % self.upstream_token.encode()

    def check_endpoint(self, group: EndpointGroup, *, is_reading: bool) -> None:
        """Refuse a kind of calls that the user did not allow; to read which models there are is always allowed.

        Raises:
            EndpointNotAllowedError: it is not on the user's list.
        """
        is_free = is_reading and group is EndpointGroup.MODELS
        if not is_free and not self.user_calls.allows_endpoint(group):
            raise EndpointNotAllowedError

    def check_model(self, model: str | None, group: EndpointGroup, *, is_understood: bool) -> None:
        """Refuse a model that the user did not allow, or a call of which nobody can tell for which model it is.

        Raises:
            ModelNotAllowedError: it is not on the user's list.
        """
        if self.user_calls.models is None:
            return
        is_allowed = group in _WITHOUT_MODELS if model is None else self.user_calls.allows_model(model)
        if not is_understood or not is_allowed:
            raise ModelNotAllowedError


class CallerFinder(Protocol):
    """What the relay asks the rest of the hub."""

    async def find(self, credential: Credential) -> Caller:
        """Return who the access token stands for.

        Raises:
            UnknownTokenError: nobody.
            MissingScopeError: somebody who did not allow AI calls.
            LostConnectionError: somebody whose OhMyGPT token is void.
        """

    async def prove(self, caller: Caller, credential: Credential, *, method: str, path: str) -> None:
        """Let the caller prove to hold the key that the token is bound to.

        Raises:
            WrongProofError: it is not proven.
            NonceWantedError: the proof must be made once more, with a nonce of ours.
        """

    async def still_allowed(self, token_ids: Collection[str]) -> AbstractSet[str]:
        """Return those of the tokens whose calls may go on; that a token has run out in the meantime is no reason."""

    def tell_changes(self, tell: Callable[[], None] | None) -> None:
        """Call this, from any thread, whenever somebody may not be allowed any more; None ends that."""

    def nonce(self) -> str:
        """Return the nonce for the next proof."""

    async def mark_lost(self, caller: Caller) -> None:
        """Note that OhMyGPT refused the caller's token."""


@dataclass(frozen=True, slots=True)
class _Entry:
    caller: Caller
    expires_at: datetime


class Forgotten(NamedTuple):
    """Whom to forget: a user at one partner, a user everywhere, or everybody."""

    consent_id: str | None = None
    user_id: str | None = None

    def means(self, caller: Caller) -> bool:
        """Tell whether the caller is one of them."""
        if self.consent_id is not None:
            return caller.consent_id == self.consent_id
        return self.user_id is None or caller.user_id == self.user_id


EVERYBODY = Forgotten()


class CallerCache:
    """Callers by the digest of their token, for two seconds, in this process.

    Threads may use it: pages forget what the relay remembers. A disconnect must end at once, so whoever
    revokes a token, a consent or a partner tells the cache after the commit.
    """

    def __init__(self, *, capacity: int = _CAPACITY) -> None:
        self._entries: dict[str, _Entry] = {}
        self._lock = Lock()
        self._capacity = capacity
        #: Grows with each forgetting.
        self.generation = 0
        #: Told of each forgetting, in the thread that forgets.
        self.listener: Callable[[], None] | None = None
        #: Tells the other processes, where there is a way to.
        self.teller: Callable[[Forgotten], None] | None = None

    def find(self, token_digest: str) -> Caller | None:
        """Return the caller, if it was looked up a moment ago."""
        entry = self._entries.get(token_digest)
        return entry.caller if entry is not None and entry.expires_at > clock.now() else None

    def put(self, token_digest: str, caller: Caller, *, expires_at: datetime, generation: int) -> None:
        """Remember a caller, unless something was forgotten since ``generation``, when the look-up began.

        Without this, a look-up that read just before a disconnect would bring the caller back after it.
        """
        with self._lock:
            if generation != self.generation:
                return
            self._entries.pop(token_digest, None)
            if len(self._entries) >= self._capacity:
                del self._entries[next(iter(self._entries))]
            self._entries[token_digest] = _Entry(caller, min(expires_at, clock.now() + TTL))

    def forget_consent(self, consent_id: str) -> None:
        """Forget a user at one partner: disconnected, or with other limits now."""
        self._forget(Forgotten(consent_id=consent_id))

    def forget_user(self, user_id: str) -> None:
        """Forget a user everywhere: signed in anew, or the connection is lost."""
        self._forget(Forgotten(user_id=user_id))

    def forget_all(self) -> None:
        """Forget everybody, as after a partner was switched off."""
        self._forget(EVERYBODY)

    def hear(self, forgotten: Forgotten) -> None:
        """Forget whom another process says to forget."""
        with self._lock:
            self.generation += 1
            self._entries = {key: each for key, each in self._entries.items() if not forgotten.means(each.caller)}
        if (listener := self.listener) is not None:
            listener()

    def _forget(self, forgotten: Forgotten) -> None:
        self.hear(forgotten)
        if (teller := self.teller) is not None:
            teller(forgotten)
