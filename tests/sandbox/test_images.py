"""OpenAI's images, spoken to directly and by the openai package."""

import base64
from decimal import Decimal

import openai
import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import BOB, Emulator, running
from tests.sandbox.pictures import DATA_URL, PIXEL, load, size_of
from tests.sandbox.receiver import receiving

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
CALL = {"model": "dall-e-3", "prompt": "a fox"}
EDIT = {"model": "dall-e-2", "prompt": "a fox", "image": DATA_URL}
NO_IMAGE = "data:image/png;base64,eA=="


def test_the_documented_form_draws_a_picture(sandbox: Emulator, token: str) -> None:
    """The body has the time, and for each picture the revised prompt and an address."""
    form = CALL | {"n": "1", "quality": "hd", "response_format": "url", "size": "1792x1024", "style": "natural"}
    body = _form(sandbox, token, GENERATIONS, data=form).json()
    (item,) = body["data"]
    assert body.keys() == {"created", "data"}
    assert item == {"revised_prompt": "a fox", "url": item["url"]}
    assert size_of(load(item["url"])) == (1792, 1024)


def test_every_encoding_draws_the_same(sandbox: Emulator, token: str) -> None:
    """JSON, form and multipart are the same call."""
    call = {"model": "dall-e-2", "prompt": "a fox", "size": "256x256"}
    answers = [
        sandbox.post(GENERATIONS, token, call | {"n": 2}),
        _form(sandbox, token, GENERATIONS, data=call | {"n": "2"}),
        _form(sandbox, token, GENERATIONS, data=call | {"n": "2"}, files={"x": ("x", b"x")}),
    ]
    drawn = [[load(item["url"]) for item in answer.json()["data"]] for answer in answers]
    assert drawn[0] == drawn[1] == drawn[2]
    assert drawn[0][0] != drawn[0][1]


@pytest.mark.parametrize(
    ("call", "milli_usd"),
    [({"model": "dall-e-2", "n": 3}, 60), ({"model": "dall-e-3"}, 40), ({"model": "dall-e-3", "quality": "hd"}, 80)],
)
def test_pictures_have_their_list_price(sandbox: Emulator, token: str, call: dict[str, object], milli_usd: int) -> None:
    """A picture costs the vendor's price times the multiplier, here 0.2."""
    sandbox.post(GENERATIONS, token, {"prompt": "a fox"} | call)
    assert Decimal(sandbox.account()["spent_on_calls"]) == milli_usd * 250 * Decimal("0.2")


def test_the_newest_model_tells_its_tokens(sandbox: Emulator, token: str) -> None:
    """It answers in base64 unless asked otherwise, and has a usage block."""
    call = {"model": "gpt-image-1", "prompt": "four", "quality": "low"}
    body = sandbox.post(GENERATIONS, token, call).json()
    assert size_of(base64.b64decode(body["data"][0]["b64_json"])) == (1024, 1024)
    assert (body["usage"]["input_tokens"], body["usage"]["output_tokens"], body["quality"]) == (1, 272, "low")
    assert load(sandbox.post(GENERATIONS, token, call | {"response_format": "url"}).json()["data"][0]["url"])


def test_edits_take_files_and_data_urls(sandbox: Emulator, token: str) -> None:
    """A file, a data URL in a form or in JSON, and OpenAI's list of image_url are the same picture."""
    call = {"model": "gpt-image-1", "prompt": "a fox", "response_format": "url"}
    answers = [
        _form(sandbox, token, EDITS, data=call, files={"image": ("a.png", PIXEL)}),
        _form(sandbox, token, EDITS, data=call | {"image": DATA_URL}),
        sandbox.post(EDITS, token, call | {"image": [DATA_URL]}),
        sandbox.post(EDITS, token, call | {"images": [{"image_url": DATA_URL}]}),
    ]
    drawn = [load(answer.json()["data"][0]["url"]) for answer in answers]
    assert drawn == [drawn[0]] * 4


def test_an_edit_depends_on_what_is_edited(sandbox: Emulator, token: str) -> None:
    """The picture, the mask and the prompt all count."""
    calls = [(GENERATIONS, {}), (EDITS, EDIT), (EDITS, EDIT | {"mask": DATA_URL}), (EDITS, EDIT | {"prompt": "an owl"})]
    answers = [sandbox.post(path, token, {"model": "dall-e-2", "prompt": "a fox"} | call) for path, call in calls]
    assert len({load(answer.json()["data"][0]["url"]) for answer in answers}) == 4


def test_a_webhook_is_told_of_success(sandbox: Emulator, token: str) -> None:
    """One POST has the documented body, with the vendor's answer in it."""
    with receiving() as receiver:
        body = sandbox.post(GENERATIONS, token, CALL | {"ohmygpt_webhook_url": receiver.url}).json()
        (told,) = receiver.wait_for(1)
    assert told == {"success": True, "status": "succeed", "message": None, "code": 200, "data": body}


@pytest.mark.parametrize(("call", "code"), [({"prompt": "[[fail]]"}, 400), ({}, 402)])
def test_a_webhook_is_told_of_failure(sandbox: Emulator, call: dict[str, str], code: int) -> None:
    """A refused prompt and an empty balance are told with their status and no data."""
    with receiving() as receiver:
        answer = sandbox.post(GENERATIONS, sandbox.token(BOB), CALL | call | {"ohmygpt_webhook_url": receiver.url})
        (told,) = receiver.wait_for(1)
    assert (answer.status_code, told["code"], told["success"], told["data"]) == (code, code, False, None)
    assert told["message"] == answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "call", "param"),
    [
        (GENERATIONS, {"model": "dall-e-3"}, "prompt"),
        (GENERATIONS, CALL | {"prompt": 3}, "prompt"),
        (GENERATIONS, CALL | {"prompt": "x" * 4001}, "prompt"),
        (GENERATIONS, CALL | {"model": 3}, "model"),
        (GENERATIONS, CALL | {"model": "gpt-4o"}, "model"),
        (GENERATIONS, CALL | {"n": 2}, "n"),
        (GENERATIONS, CALL | {"n": "1"}, "n"),
        (GENERATIONS, CALL | {"size": "512x512"}, "size"),
        (GENERATIONS, CALL | {"size": ["1024x1024"]}, "size"),
        (GENERATIONS, CALL | {"quality": "low"}, "quality"),
        (GENERATIONS, CALL | {"style": {}}, "style"),
        (GENERATIONS, CALL | {"response_format": "png"}, "response_format"),
        (GENERATIONS, CALL | {"output_format": "gif"}, "output_format"),
        (GENERATIONS, CALL | {"output_compression": 101}, "output_compression"),
        (GENERATIONS, CALL | {"background": "red"}, "background"),
        (GENERATIONS, CALL | {"moderation": "none"}, "moderation"),
        (GENERATIONS, CALL | {"stream": True}, "stream"),
        (GENERATIONS, CALL | {"ohmygpt_webhook_url": "ftp://x"}, "ohmygpt_webhook_url"),
        (GENERATIONS, CALL | {"ohmygpt_webhook_url": ["x"]}, "ohmygpt_webhook_url"),
        (GENERATIONS, [], None),
        (EDITS, {"prompt": "x"}, "image"),
        (EDITS, EDIT | {"image": "x"}, "image"),
        (EDITS, EDIT | {"image": {"a": 1}}, "image"),
        (EDITS, EDIT | {"image": NO_IMAGE}, "image"),
        (EDITS, EDIT | {"image": [DATA_URL, DATA_URL]}, "image"),
        (EDITS, EDIT | {"images": [{}]}, "images[0].image_url"),
        (EDITS, EDIT | {"images": "x"}, "images"),
        (EDITS, EDIT | {"mask": NO_IMAGE}, "mask"),
        (EDITS, EDIT | {"mask": [DATA_URL, DATA_URL]}, "mask"),
        (EDITS, EDIT | {"model": "dall-e-3"}, "image"),
    ],
)
def test_a_bad_call_is_refused_and_free(
    sandbox: Emulator, token: str, path: str, call: object, param: str | None
) -> None:
    """A 400 in OpenAI's shape names the field."""
    answer = sandbox.post(path, token, call)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert sandbox.account()["calls"] == 0


@pytest.mark.parametrize("path", [GENERATIONS, EDITS])
def test_a_broken_body_is_a_400(sandbox: Emulator, token: str, path: str) -> None:
    """Bytes that cannot be read are refused in OpenAI's shape."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data"}
    answer = requests.post(sandbox.url + path, data=b"x", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("path", [GENERATIONS, EDITS])
def test_a_body_too_large_is_413(path: str) -> None:
    """The size limit holds for files."""
    with running(Config(body_limit_bytes=1000, faults=True)) as sandbox:
        files = {"image": ("a.png", b"x" * 2000)}
        assert _form(sandbox, sandbox.token(), path, data=CALL, files=files).status_code == 413


def test_the_openai_package_works(sandbox: Emulator, token: str) -> None:
    """The vendor's own client draws, edits one picture and several, and hands the platform's parameter on."""
    with (
        receiving() as receiver,
        openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as client,
    ):
        extra = {"ohmygpt_webhook_url": receiver.url}
        drawn = client.images.generate(model="dall-e-3", prompt="a fox", extra_body=extra)
        files = [("a.png", PIXEL), ("b.png", PIXEL)]
        edited = client.images.edit(model="gpt-image-1", prompt="a fox", image=files, n=2, extra_body=extra)
        client.images.edit(model="dall-e-2", prompt="a fox", image=files[0], mask=files[1], response_format="b64_json")
        told = receiver.wait_for(2)
    assert size_of(load(drawn.data[0].url)) == (1024, 1024)
    assert len({item.b64_json for item in edited.data}) == 2
    assert edited.usage.input_tokens_details.image_tokens == 2 * 85
    assert [body["code"] for body in told] == [200, 200]


def test_the_openai_package_raises_its_own_errors(sandbox: Emulator, token: str) -> None:
    """The vendor's client recognises each refusal."""
    with openai.OpenAI(api_key=token, base_url=f"{sandbox.url}/v1", max_retries=0) as client:
        with pytest.raises(openai.BadRequestError, match="safety system") as caught:
            client.images.generate(model="dall-e-3", prompt="[[fail]]")
        with pytest.raises(openai.NotFoundError):
            client.images.generate(model="dall-e-9", prompt="a fox")
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="sk-wrong").images.edit(prompt="a fox", image=PIXEL)
    assert caught.value.code == "content_policy_violation"


def _form(sandbox: Emulator, token: str, path: str, **options: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(sandbox.url + path, headers=headers, timeout=10, **options)
