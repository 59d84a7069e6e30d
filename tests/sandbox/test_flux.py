"""The five Flux models, each with its own parameters."""

import base64

import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import BOB, Emulator, running
from tests.sandbox.pictures import DATA_URL, PIXEL, load, size_of

FLUX = "/api/v1/ai/draw/flux"
MODELS = {
    "schnell": "flux-schnell",
    "dev": "flux-dev",
    "pro": "flux-pro",
    "pro-11": "flux-1.1-pro",
    "pro-ultra-11": "flux-1.1-pro-ultra",
}
#: Every parameter of each table with the documented default.
DEFAULTS = {
    "schnell": {"num_outputs": "1", "output_format": "webp", "output_quality": "80", "disable_safety_checker": "true"},
    "dev": {"prompt_strength": "0.8", "num_outputs": "1", "num_inference_steps": "50", "guidance": "3.5"},
    "pro": {"steps": "25", "guidance": "3", "interval": "2"},
    "pro-11": {"output_format": "webp", "output_quality": "80", "safety_tolerance": "5", "prompt_upsampling": "false"},
    "pro-ultra-11": {"image_prompt_strength": "0.1", "output_format": "jpg", "safety_tolerance": "5", "raw": "false"},
}


@pytest.mark.parametrize("variant", MODELS)
def test_a_form_draws_a_picture(sandbox: Emulator, token: str, variant: str) -> None:
    """The documented envelope holds the address of a real square picture."""
    answer = _draw(sandbox, token, variant, model=MODELS[variant], prompt="a fox")
    assert answer.json() == {"statusCode": 200, "message": "Success", "data": {"outputs": [{"url": _urls(answer)[0]}]}}
    assert size_of(load(_urls(answer)[0])) == (1024, 1024)


@pytest.mark.parametrize("variant", MODELS)
def test_the_defaults_are_the_documented_ones(sandbox: Emulator, token: str, variant: str) -> None:
    """What is left out has the same effect as its documented default."""
    plain = _draw(sandbox, token, variant, prompt="a fox")
    spelled = _draw(sandbox, token, variant, prompt="a fox", aspect_ratio="1:1", **DEFAULTS[variant])
    assert load(_urls(plain)[0]) == load(_urls(spelled)[0])


def test_json_and_multipart_are_taken_too(sandbox: Emulator, token: str) -> None:
    """Numbers and booleans may be JSON's own, and a picture may be a file."""
    headers = {"Authorization": f"Bearer {token}"}
    body = {"prompt": "a fox", "num_outputs": 2, "guidance": 3.5, "disable_safety_checker": True, "image": DATA_URL}
    by_json = sandbox.post(f"{FLUX}/dev", token, body)
    form, files = {"prompt": "a fox", "num_outputs": "2"}, {"image": ("a.png", PIXEL)}
    by_parts = requests.post(f"{sandbox.url}{FLUX}/dev", data=form, files=files, headers=headers, timeout=10)
    assert [load(url) for url in _urls(by_json)] == [load(url) for url in _urls(by_parts)]


def test_every_output_is_another_and_has_its_price(sandbox: Emulator, token: str) -> None:
    """Four outputs are four pictures, paid one by one."""
    urls = _urls(_draw(sandbox, token, "schnell", prompt="a fox", num_outputs="4"))
    assert len({load(url) for url in urls}) == 4
    assert sandbox.account()["balance"] == "3397000.00"


def test_b64_json_stands_beside_the_address(sandbox: Emulator, token: str) -> None:
    """With b64_json an output has the same picture in both forms."""
    answer = _draw(sandbox, token, "pro", prompt="a fox", response_format="b64_json")
    (output,) = answer.json()["data"]["outputs"]
    assert base64.b64decode(output["b64_json"]) == load(output["url"])


def test_a_custom_size_is_rounded_to_multiples_of_32(sandbox: Emulator, token: str) -> None:
    """The nearest multiple is taken, and only with aspect_ratio custom."""
    custom = _draw(sandbox, token, "pro-11", prompt="x", aspect_ratio="custom", width="1000", height="271")
    fixed = _draw(sandbox, token, "pro-11", prompt="x", aspect_ratio="3:4", width="1000", height="271")
    assert size_of(load(_urls(custom)[0])) == (992, 256)
    assert size_of(load(_urls(fixed)[0])) == (896, 1152)


@pytest.mark.parametrize(
    ("variant", "change"),
    [
        *((variant, {"prompt": ""}) for variant in MODELS),
        *((variant, {"prompt": ["x"]}) for variant in MODELS),
        *((variant, {"model": "flux-11-pro"}) for variant in MODELS),
        *((variant, {"response_format": "file"}) for variant in MODELS),
        *((variant, {"aspect_ratio": "2:1"}) for variant in MODELS),
        *((variant, {"seed": "1.5"}) for variant in MODELS),
        *((variant, {"prompt": "a [[fail]]"}) for variant in MODELS),
        ("schnell", {"num_outputs": 5}),
        ("schnell", {"num_outputs": True}),
        ("schnell", {"output_quality": 101}),
        ("schnell", {"output_format": "gif"}),
        ("schnell", {"disable_safety_checker": "maybe"}),
        ("dev", {"image": "ftp://x"}),
        ("dev", {"image": "data:text/html;base64,eA=="}),
        ("dev", {"prompt_strength": 1.01}),
        ("dev", {"num_inference_steps": 0}),
        ("dev", {"guidance": "NaN"}),
        ("dev", {"guidance": "1e9999999999"}),
        ("dev", {"seed": 2**32}),
        ("dev", {"seed": -1}),
        ("pro", {"guidance": 1.9}),
        ("pro", {"steps": 51}),
        ("pro", {"interval": 4.5}),
        ("pro", {"aspect_ratio": "21:9"}),
        ("pro-11", {"aspect_ratio": "custom"}),
        ("pro-11", {"width": 255, "height": 512, "aspect_ratio": "custom"}),
        ("pro-11", {"height": 1441, "width": 512, "aspect_ratio": "custom"}),
        ("pro-11", {"safety_tolerance": 6}),
        ("pro-ultra-11", {"safety_tolerance": 7}),
        ("pro-ultra-11", {"output_format": "webp"}),
        ("pro-ultra-11", {"image_prompt": DATA_URL}),
        ("pro-ultra-11", {"image_prompt_strength": {}}),
        ("pro-ultra-11", {"raw": 1}),
    ],
)
def test_a_parameter_outside_its_table_is_refused(
    sandbox: Emulator, token: str, variant: str, change: dict[str, object]
) -> None:
    """The envelope says 400 and names the parameter, and nothing is paid."""
    answer = sandbox.post(f"{FLUX}/{variant}", token, {"prompt": "a fox"} | change).json()
    assert (answer["statusCode"], answer["data"]) == (400, None)
    assert next(iter(change)).split("_")[0] in answer["message"]
    assert sandbox.account()["balance"] == "3400000.00"


def test_money_and_credentials_are_asked_for(sandbox: Emulator) -> None:
    """An empty balance is 402, an unknown token 401."""
    statuses = [
        _draw(sandbox, bearer, "dev", prompt="x").json()["statusCode"] for bearer in (sandbox.token(BOB), "sk-x")
    ]
    assert statuses == [402, 401]


def test_an_unknown_picture_is_404(sandbox: Emulator) -> None:
    """A guessed name shows nothing."""
    assert requests.get(f"{sandbox.url}/api/v1/content/generated/guess.png", timeout=10).status_code == 404


@pytest.mark.parametrize("path", [f"{FLUX}/dev", "/api/v1/ai/draw/nd/imagine"])
@pytest.mark.parametrize("files", [None, {"image": ("a.png", b"x" * 2000)}])
def test_a_body_too_large_is_413(path: str, files: dict[str, tuple[str, bytes]] | None) -> None:
    """The size limit holds for forms and for files."""
    with running(Config(body_limit_bytes=1000, faults=True)) as sandbox:
        headers = {"Authorization": sandbox.token()}
        form = {"prompt": "x" * 2000}
        assert requests.post(sandbox.url + path, data=form, files=files, headers=headers, timeout=10).status_code == 413


def _draw(sandbox: Emulator, token: str, variant: str, **form: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(f"{sandbox.url}{FLUX}/{variant}", data=form, headers=headers, timeout=10)


def _urls(answer: requests.Response) -> list[str]:
    return [output["url"] for output in answer.json()["data"]["outputs"]]
