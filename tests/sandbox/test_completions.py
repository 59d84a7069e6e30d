"""OpenAI's text completions and moderations, spoken to directly and by the openai package."""

from collections.abc import Iterator

import openai
import pytest

from tests.sandbox.emulator import BOB, Emulator

COMPLETIONS = "/v1/completions"
MODERATIONS = "/v1/moderations"
CALL = {"model": "gpt-3.5-turbo-instruct", "prompt": "[[words=5]]"}


@pytest.fixture
def client(sandbox: Emulator, token: str) -> Iterator[openai.OpenAI]:
    """The vendor's own client, with the token of Alice."""
    with openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as made:
        yield made


def test_a_prompt_is_completed(client: openai.OpenAI) -> None:
    """The stream carries the text of the whole answer, and the usage last."""
    whole = client.completions.create(**CALL)
    with client.completions.create(**CALL, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)
    text = "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].text == "word1 word2 word3 word4 word5"
    assert chunks[-1].usage == whole.usage


def test_each_prompt_has_its_choices(client: openai.OpenAI) -> None:
    """Prompts times n answers, numbered; with echo they begin with the prompt; sixteen tokens are the default."""
    answer = client.completions.create(**CALL | {"prompt": ["[[words=99]]", "x"]}, n=2, echo=True, stop="“")
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert [choice.finish_reason for choice in answer.choices] == ["length", "length", "stop", "stop"]
    assert answer.choices[3].text == "xYou wrote 1 word: "


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": None},
        {"prompt": [""]},
        {"prompt": {}},
        {"n": 0},
        {"max_tokens": "9"},
        {"stop": 3},
        {"stream": 1},
        {"echo": "yes"},
        {"model": "gpt-4o"},
    ],
)
def test_a_bad_completion_is_refused(sandbox: Emulator, token: str, change: dict[str, object]) -> None:
    """Wrong types are a 400 that names the field, and cost nothing."""
    answer = sandbox.post(COMPLETIONS, token, CALL | change)
    assert (answer.status_code, [answer.json()["error"]["param"]]) == (400, list(change))
    assert sandbox.account()["calls"] == 0


def test_a_completion_costs(sandbox: Emulator, token: str) -> None:
    """Alice pays, Bob cannot."""
    assert sandbox.post(COMPLETIONS, token, CALL).status_code == 200
    assert sandbox.post(COMPLETIONS, sandbox.token(BOB), CALL).status_code == 402
    assert float(sandbox.account()["spent_on_calls"]) > 0


def test_a_flag_is_set_when_it_is_asked_for(client: openai.OpenAI) -> None:
    """The sandbox judges nothing: an input names the flags it wants."""
    answer = client.moderations.create(input=["kind words", "[[flag=violence]]"])
    assert [result.flagged for result in answer.results] == [False, True]
    assert [result.categories.violence for result in answer.results] == [False, True]
    assert answer.results[1].category_scores.violence > 0.9 > answer.results[1].category_scores.hate


def test_images_are_moderated_with_their_text(client: openai.OpenAI) -> None:
    """Parts together are one input, and the result tells which kinds were looked at."""
    parts = [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    (result,) = client.moderations.create(input=parts).results
    assert result.category_applied_input_types.violence == ["text", "image"]
    assert result.category_applied_input_types.hate == ["text"]


def test_moderation_is_free(sandbox: Emulator) -> None:
    """Who has no money is moderated, too."""
    assert sandbox.post(MODERATIONS, sandbox.token(BOB), {"input": "x"}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": []},
        {"input": 4},
        {"input": ["a", 4]},
        {"input": [{"type": "sound"}]},
        {"input": [{"type": "image_url", "image_url": "x"}]},
        {"input": "x", "model": 4},
        {"input": "x", "model": "gpt-4o"},
    ],
)
def test_a_bad_moderation_is_refused(sandbox: Emulator, token: str, body: object) -> None:
    """Wrong inputs are a 400 in OpenAI's shape."""
    answer = sandbox.post(MODERATIONS, token, body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
