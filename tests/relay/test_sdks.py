"""The vendors' own packages, unmodified, through the relay to a sandbox: only the base URL differs."""

from collections.abc import Iterator

import anthropic
import openai
import pytest

from tests.fixtures.hub import Sandbox
from tests.relay.conftest import Relayed

GPT, CLAUDE = "gpt-4o-mini", "claude-sonnet-4-6"
QUESTION = [{"role": "user", "content": "Say hello"}]


@pytest.fixture
def relayed(sandboxed: Relayed) -> Relayed:
    """Take the sandbox for OhMyGPT."""
    return sandboxed


@pytest.fixture
def gpt(relayed: Relayed) -> Iterator[openai.OpenAI]:
    """OpenAI's package, told nothing but another address."""
    with openai.OpenAI(base_url=f"{relayed.url}/v1", api_key=relayed.token, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(relayed: Relayed) -> Iterator[anthropic.Anthropic]:
    """Anthropic's package, told nothing but another address."""
    with anthropic.Anthropic(base_url=relayed.url, api_key=relayed.token, max_retries=0) as client:
        yield client


def test_openai_chats(gpt: openai.OpenAI, relayed: Relayed) -> None:
    """A chat is answered, and its tokens are in the usage log."""
    answer = gpt.chat.completions.create(model=GPT, messages=QUESTION)
    [record] = relayed.usage()

    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert (record.input_tokens, record.output_tokens) == (answer.usage.prompt_tokens, answer.usage.completion_tokens)
    assert answer._request_id == record.request_id  # noqa: SLF001 - documented by OpenAI under this name


def test_openai_streams(gpt: openai.OpenAI, relayed: Relayed) -> None:
    """A stream says the same as the whole answer, and is metered the same."""
    whole = gpt.chat.completions.create(model=GPT, messages=QUESTION).choices[0].message.content
    chunks = list(
        gpt.chat.completions.create(model=GPT, messages=QUESTION, stream=True, stream_options={"include_usage": True})
    )
    one, other = relayed.usage(2)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert (one.input_tokens, one.output_tokens) == (other.input_tokens, other.output_tokens)


def test_anthropic_chats(claude: anthropic.Anthropic, relayed: Relayed) -> None:
    """A message is answered, and its tokens are in the usage log."""
    answer = claude.messages.create(model=CLAUDE, max_tokens=100, messages=QUESTION)
    [record] = relayed.usage()

    assert answer.content[0].text  # type: ignore[union-attr]
    assert (record.input_tokens, record.output_tokens) == (answer.usage.input_tokens, answer.usage.output_tokens)
    assert answer._request_id == record.request_id  # noqa: SLF001 - documented by Anthropic under this name


def test_anthropic_streams(claude: anthropic.Anthropic, relayed: Relayed) -> None:
    """A stream says the same as the whole answer, and is metered the same."""
    claude.messages.create(model=CLAUDE, max_tokens=100, messages=QUESTION)
    with claude.messages.stream(model=CLAUDE, max_tokens=100, messages=QUESTION) as stream:
        streamed = stream.get_final_message()
    one, other = relayed.usage(2)

    assert streamed.usage.output_tokens == other.output_tokens
    assert (one.input_tokens, one.output_tokens) == (other.input_tokens, other.output_tokens)


def test_openai_lists_models(gpt: openai.OpenAI) -> None:
    """Plain GET calls work."""
    assert GPT in [model.id for model in gpt.models.list()]


def test_openai_embeds(gpt: openai.OpenAI, relayed: Relayed) -> None:
    """Embeddings have input tokens only."""
    gpt.embeddings.create(model="text-embedding-3-small", input="hello")
    [record] = relayed.usage()
    assert record.input_tokens
    assert not record.output_tokens


def test_openai_raises_its_own_errors(sandbox: Sandbox, gpt: openai.OpenAI) -> None:
    """Each refusal becomes the exception that a program for OpenAI already knows."""
    with pytest.raises(openai.AuthenticationError):
        gpt.with_options(api_key="omc_at_wrong").models.list()
    with pytest.raises(openai.NotFoundError):
        gpt.get("/models/unheard-of", cast_to=object)
    sandbox.set_balance("alice@example.com", "0.00")
    with pytest.raises(openai.APIStatusError, match="account/top-up") as empty:
        gpt.chat.completions.create(model=GPT, messages=QUESTION)
    assert empty.value.status_code == 402
    sandbox.revoke_tokens("alice@example.com")
    with pytest.raises(openai.PermissionDeniedError, match="/login"):
        gpt.chat.completions.create(model=GPT, messages=QUESTION)


def test_anthropic_raises_its_own_errors(sandbox: Sandbox, claude: anthropic.Anthropic) -> None:
    """Each refusal becomes the exception that a program for Anthropic already knows."""
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="omc_at_wrong").messages.create(model=CLAUDE, max_tokens=9, messages=QUESTION)
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model="unheard-of", max_tokens=9, messages=QUESTION)
    sandbox.set_balance("alice@example.com", "0.00")
    with pytest.raises(anthropic.APIStatusError, match="account/top-up") as empty:
        claude.messages.create(model=CLAUDE, max_tokens=9, messages=QUESTION)
    assert empty.value.status_code == 402
    sandbox.revoke_tokens("alice@example.com")
    with pytest.raises(anthropic.PermissionDeniedError, match="/login"):
        claude.messages.create(model=CLAUDE, max_tokens=9, messages=QUESTION)


@pytest.mark.parametrize("fault", ["html", "reset_before", "reset_after"])
def test_trouble_upstream_is_a_server_error(gpt: openai.OpenAI, sandbox: Sandbox, fault: str) -> None:
    """What the sandbox can do to a call is told as a 502, which the SDKs may try again."""
    sandbox.fail("/v1/chat/completions", fault)
    with pytest.raises(openai.InternalServerError) as error:
        gpt.chat.completions.create(model=GPT, messages=QUESTION)
    assert error.value.status_code == 502


def test_a_lost_connection_in_an_envelope_is_understood(gpt: openai.OpenAI, sandbox: Sandbox) -> None:
    """The provider's envelope on an OpenAI route still means that the user has to sign in again."""
    sandbox.fail("/v1/chat/completions", "envelope_401")
    with pytest.raises(openai.PermissionDeniedError, match="/login"):
        gpt.chat.completions.create(model=GPT, messages=QUESTION)


def test_a_cut_stream_is_an_error_and_not_an_end(gpt: openai.OpenAI, sandbox: Sandbox) -> None:
    """Half an answer never looks like a whole one."""
    sandbox.fail("/v1/chat/completions", "cut_stream")
    with pytest.raises(openai.APIError):
        list(gpt.chat.completions.create(model=GPT, messages=QUESTION, stream=True))
