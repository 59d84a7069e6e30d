"""What the user, the operator and the site allow of AI calls is kept, also when many calls begin at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web

from oauth_app.db import reading, transaction
from oauth_app.models import Consent, Partner, SpendCounter
from tests.relay.conftest import Relayed, wait_for
from tests.relay.servers import CHAT, Stub

#: What the stub's answer costs: 12 tokens of input and 34 of output of gpt-4o-mini, rounded up.
_QUESTION = {"model": "gpt-4o-mini", "messages": [], "max_tokens": 34}


def allow(relayed: Relayed, **columns: object) -> None:
    """Let the user allow something else from now on."""
    with transaction(relayed.hub.engine) as session:
        consent = session.query(Consent).one()
        for name, value in columns.items():
            setattr(consent, name, value)
    relayed.hub.callers.forget_all()


def allow_site(relayed: Relayed, **columns: object) -> None:
    """Let the operator allow the site something else from now on."""
    with transaction(relayed.hub.engine) as session:
        partner = session.get_one(Partner, relayed.partner_id)
        for name, value in columns.items():
            setattr(partner, name, value)
    relayed.hub.callers.forget_all()


def spent(relayed: Relayed, subject: str) -> int:
    """Return what the database says was spent, once nothing is held any more."""

    def look() -> int | None:
        with reading(relayed.hub.engine) as session:
            rows = session.query(SpendCounter).filter(SpendCounter.subject.startswith(subject)).all()
            return max(row.spent for row in rows) if rows and not any(row.held for row in rows) else None

    return wait_for(look, timeout_s=10)


def cost_of_one(relayed: Relayed) -> int:
    """Return what one question costs, as the answer says."""
    return int(relayed.call("/v1/chat/completions", json=_QUESTION).headers["x-hub-cost"])


@pytest.mark.parametrize("column", ["ai_spend_per_day", "ai_spend_per_month"])
def test_many_at_once_never_spend_more_than_the_user_allows(relayed: Relayed, column: str) -> None:
    """Of forty calls at once as many pass as are paid for, and the others reach nobody."""
    cost = cost_of_one(relayed)
    allow(relayed, **{column: 10 * cost})
    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda _: relayed.call("/v1/chat/completions", json=_QUESTION).status_code, range(40)))

    assert set(statuses) <= {200, 403}
    assert 1 <= statuses.count(200) <= 10
    assert spent(relayed, "consent:") == cost * statuses.count(200)


def test_a_cap_can_be_used_up(relayed: Relayed) -> None:
    """What was set aside and not spent is there for the next call."""
    cost = cost_of_one(relayed)
    allow(relayed, ai_spend_per_day=3 * cost + 2_000)
    answers = [relayed.call("/v1/chat/completions", json=_QUESTION) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    remaining = [int(answer.headers["x-hub-remaining"]) for answer in answers]
    assert remaining[0] - remaining[1] == cost


@pytest.mark.parametrize("column", ["site_spend_per_day", "site_spend_per_month", "token_spend_per_day"])
def test_the_operators_caps_hold_beside_the_users(relayed: Relayed, stub: Stub, column: str) -> None:
    """A call that the user would allow is refused when the site has spent what the operator allows it."""
    allow_site(relayed, **{column: 1})
    answer = relayed.call("/v1/chat/completions", json=_QUESTION)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "limit_exceeded")
    assert not stub.seen


def test_so_many_at_once(relayed: Relayed, stub: Stub) -> None:
    """A call beyond those that may run together waits for nobody: it is refused, and may come again."""

    async def script(_: web.Request) -> web.Response:
        await stub.passed()
        return web.json_response(CHAT)

    stub.script = script
    allow(relayed, ai_calls_at_once=1)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(relayed.chat)
        assert stub.begun.wait(5)
        refused = relayed.chat()
        stub.gate.set()
        assert running.result().status_code == 200
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert relayed.chat().status_code == 200


def test_the_headers_say_how_the_caller_stands(relayed: Relayed) -> None:
    """A program can see how many calls are left before it is refused."""
    allow(relayed, calls_per_minute=5)
    headers = [relayed.chat().headers for _ in range(2)]

    assert [(one["ratelimit-limit"], one["ratelimit-remaining"]) for one in headers] == [("5", "4"), ("5", "3")]


@pytest.mark.parametrize(
    ("model", "status"), [("gpt-4o-mini", 200), ("gpt-4o-mini-2024-07-18", 200), ("gpt-5", 403), (None, 403), (7, 403)]
)
def test_only_allowed_models_are_called(relayed: Relayed, stub: Stub, model: object, status: int) -> None:
    """Another model, none, or something that is no model does not pass."""
    allow(relayed, allowed_models=["gpt-4o-mini*"])
    answer = relayed.call("/v1/chat/completions", json={"model": model, "messages": []})

    assert answer.status_code == status
    assert bool(stub.seen) == (status == 200)


@pytest.mark.parametrize("has_length", [True, False])
def test_no_body_hides_another_model(relayed: Relayed, stub: Stub, has_length: bool) -> None:  # noqa: FBT001
    """A long body in pieces is read as the vendor reads it: the last of two models counts, and nothing was executed."""
    allow(relayed, allowed_models=["gpt-4o-mini"])
    pieces = [b'{"model": "gpt-4o-mini", "messages": "' + b"x" * 1_000_000 + b'", "model": "gpt-5"', b"}"]
    data = b"".join(pieces) if has_length else iter(pieces)
    answer = relayed.call("/v1/chat/completions", data=data, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "model_not_allowed")
    assert not stub.seen


def test_only_allowed_kinds_of_calls_pass(relayed: Relayed, stub: Stub) -> None:
    """Who allowed searching did not allow talking; which models there are may always be asked."""
    allow(relayed, allowed_endpoints=["search"])
    refused = relayed.chat()

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "endpoint_not_allowed")
    assert not stub.seen
    assert relayed.call("/v1/models", method="GET").status_code == 200
    assert relayed.call("/api/v1/openapi/search/serper/v1", data={"q": "x"}).status_code == 200
