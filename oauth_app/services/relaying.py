"""What the relay needs of the rest of the hub: who a token stands for, and what to do about a lost connection."""

import asyncio
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet

from oauth_app import relay
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import digest
from oauth_app.provider.dpop import NonceRequiredError
from oauth_app.provider.dpop_proofs import ALGORITHMS, InvalidProofError
from oauth_app.services import access, connections
from oauth_app.services.call_admission import HubAdmission
from oauth_app.services.continued_access import still_allowed
from oauth_app.services.issuer import make_nonces
from oauth_app.services.model_rates import make_tariff
from oauth_app.services.presented_access import Presented, prove_holder
from oauth_app.services.scopes import Scope
from oauth_app.upstream import load_profile

_BYTES_PER_MB = 1_000_000


def make_relay(hub: Hub) -> relay.Relay:
    """Return the relay of a hub; it still has to be started."""
    settings = hub.settings
    errors = load_profile(settings.ohmygpt_profile).errors
    options = relay.RelayOptions(
        issuer=settings.hub_issuer,
        max_body_bytes=settings.relay_max_body_mb * _BYTES_PER_MB,
        idle_timeout_s=settings.relay_idle_timeout_s,
        sender_patience_s=settings.hub_sender_patience_s,
        error_words=relay.ErrorWords(
            grant_lost=frozenset(errors.grant_lost), insufficient_funds=frozenset(errors.insufficient_funds)
        ),
        proof_algorithms=ALGORITHMS,
    )
    parts = relay.RelayParts(
        callers=HubCallers(hub),
        admission=HubAdmission(hub.engine, redis_url=settings.redis_url, processes=settings.hub_workers),
        exchange=relay.Exchange(settings.relay_bases),
        log=relay.UsageLog(hub.engine),
        tariff=make_tariff(settings),
    )
    return relay.Relay(options, parts)


class HubCallers:
    """Finds callers in the database, and remembers them for a moment."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._nonces = make_nonces(hub)
        self._running: dict[tuple[str, int], asyncio.Task[relay.Caller]] = {}

    async def find(self, credential: relay.Credential) -> relay.Caller:
        """Return who the access token stands for.

        Raises:
            UnknownTokenError: nobody.
            MissingScopeError: somebody who did not allow AI calls.
            LostConnectionError: somebody whose OhMyGPT token is void.
        """
        caller = self._hub.callers.find(credential.digest)
        return caller or await self._look_up_once(credential.digest, credential.token)

    async def prove(self, caller: relay.Caller, credential: relay.Credential, *, method: str, path: str) -> None:
        """Let the caller prove to hold the key that the token is bound to; a proof counts once, so it is kept.

        Raises:
            WrongProofError: it is not proven.
            NonceWantedError: the proof must be made once more, with a nonce of ours.
        """
        presented = Presented(
            token=credential.token, is_dpop=True, proof=credential.proof or None, method=method, path=path
        )
        try:
            await asyncio.to_thread(prove_holder, self._hub, presented, str(caller.dpop_thumbprint))
        except InvalidProofError as error:
            raise relay.WrongProofError(str(error)) from None
        except NonceRequiredError:
            raise relay.NonceWantedError from None

    async def still_allowed(self, token_ids: Collection[str]) -> AbstractSet[str]:
        """Return those of the tokens whose calls may go on."""
        return await asyncio.to_thread(_still_allowed, self._hub, token_ids)

    def tell_changes(self, tell: Callable[[], None] | None) -> None:
        """Call this whenever the hub forgets a caller."""
        self._hub.callers.listener = tell

    def nonce(self) -> str:
        """Return the nonce for the next proof."""
        return self._nonces.make()

    async def mark_lost(self, caller: relay.Caller) -> None:
        """Note that OhMyGPT refused the caller's token; the next sign-in repairs it."""
        await asyncio.to_thread(_mark_lost, self._hub, caller)
        self._hub.callers.forget_user(caller.user_id)

    async def _look_up_once(self, token_digest: str, token: str) -> relay.Caller:
        """Look up, or wait for a look-up of the same token: a hundred calls may begin at once."""
        key = (token_digest, self._hub.callers.generation)
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(_look_up, self._hub, token))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        # Shielded: a caller who leaves must not end the look-up of the others.
        return await asyncio.shield(task)


def _look_up(hub: Hub, token: str) -> relay.Caller:
    generation = hub.callers.generation
    try:
        with reading(hub.engine) as session:
            found = access.find_access(session, token)
            found.require(Scope.API)
            upstream_token = connections.open_token(session, hub.vault, found.user_id, reason="relay")
    except access.InvalidTokenError:
        raise relay.UnknownTokenError from None
    except access.InsufficientScopeError:
        raise relay.MissingScopeError from None
    except connections.ConnectionLostError:
        raise relay.LostConnectionError from None
    caller = relay.Caller(
        consent_id=found.consent_id,
        user_id=found.user_id,
        partner_id=found.partner_id,
        upstream_token=upstream_token,
        token_id=digest(token),
        user_calls=found.user_calls,
        site_calls=found.site_calls,
        token_calls=found.token_calls,
        dpop_thumbprint=found.dpop_thumbprint,
    )
    hub.callers.put(digest(token), caller, expires_at=found.expires_at, generation=generation)
    return caller


def _still_allowed(hub: Hub, token_ids: Collection[str]) -> AbstractSet[str]:
    with reading(hub.engine) as session:
        return still_allowed(session, token_ids, Scope.API)


def _mark_lost(hub: Hub, caller: relay.Caller) -> None:
    with transaction(hub.engine) as session:
        connections.mark_lost(session, hub.vault, caller.user_id, refused=caller.upstream_token)
