"""Midjourney's tasks: begin them, look at them, pay for them."""

from collections.abc import Iterator

import pytest
import requests

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import BOB, Emulator, running
from tests.sandbox.midjourney import MJ, Midjourney
from tests.sandbox.pictures import DATA_URL, PIXEL, load, size_of

#: The documented prompt flags.
PROMPT = "a fox --ar 73:88 --s 750 --niji 5"
FULL = "3400000.00"
FIELDS = {
    *("taskId", "taskType", "status", "action", "progress", "description", "prompt", "failReason", "submitTime"),
    *("startTime", "finishTime", "webhookUrl", "imageDcUrl", "imageS3Url", "actions"),
}


@pytest.fixture(scope="module")
def _server() -> Iterator[Emulator]:
    with running(Config(faults=True, mj_task_ms=0)) as emulator:
        yield emulator


@pytest.fixture
def midjourney(sandbox: Emulator, token: str) -> Midjourney:
    """Alice's client; tasks take no time."""
    return Midjourney(sandbox, token)


def test_imagine_answers_with_a_number(midjourney: Midjourney) -> None:
    """The documented form is accepted, and the task's id is a whole number."""
    form = {"model": "midjourney", "prompt": PROMPT, "type": "NORMAL", "webhook": "https://webhook.site/x"}
    assert midjourney.form("imagine", form) == {"statusCode": 200, "message": "Success", "data": 1}


def test_a_finished_task_has_all_documented_fields(midjourney: Midjourney) -> None:
    """Fifteen fields with the documented values and times in the documented form."""
    task = midjourney.finish("imagine", prompt=PROMPT, type="NORMAL", webhook="https://webhook.site/x")
    assert task.keys() == FIELDS
    assert (task["taskType"], task["status"], task["action"]) == ("NORMAL", "SUCCESS", "IMAGINE")
    assert (task["progress"], task["failReason"]) == ("100%", None)
    assert (task["prompt"], task["description"]) == (PROMPT, f"/imagine {PROMPT}")
    assert task["webhookUrl"] == "https://webhook.site/x"
    assert {len(task[name]) for name in ("submitTime", "startTime", "finishTime")} == {len("2023-08-31T13:59:14.000Z")}


def test_the_picture_has_the_asked_ratio(midjourney: Midjourney) -> None:
    """Both addresses lead to one real picture of about a megapixel."""
    task = midjourney.finish("imagine", prompt=PROMPT)
    width, height = size_of(load(midjourney.url_of(task)))
    assert width / height == pytest.approx(73 / 88, abs=0.01)
    assert load(task["imageDcUrl"]) == load(midjourney.url_of(task))


def test_equal_prompts_have_equal_pictures(midjourney: Midjourney) -> None:
    """The picture depends on the prompt and on the references, and on nothing else."""
    calls = [{}, {}, {"base64Array": [DATA_URL]}]
    pictures = [load(midjourney.url_of(midjourney.finish("imagine", prompt="a fox", **call))) for call in calls]
    assert pictures[0] == pictures[1] != pictures[2]


@pytest.mark.parametrize(
    ("task_type", "left"), [(None, "3393200.00"), ("FAST", "3393200.00"), ("NORMAL", "3396600.00")]
)
def test_fast_is_the_default_and_dearer(midjourney: Midjourney, task_type: str | None, left: str) -> None:
    """A task is paid when it is begun."""
    assert midjourney.finish("imagine", prompt="a fox", type=task_type)["status"] == "SUCCESS"
    assert midjourney.sandbox.account()["balance"] == left


def test_a_failure_is_free(midjourney: Midjourney) -> None:
    """A failed task says why, has no picture and no buttons, and its price is given back to where it came from."""
    midjourney.sandbox.control("PUT", "accounts/alice@example.com", {"balance": "6800.00", "free_balance": "10.00"})
    task = midjourney.finish("imagine", prompt="a [[fail]]")
    assert (task["status"], task["imageS3Url"], task["imageDcUrl"], task["actions"]) == ("FAILURE", None, None, [])
    assert "failure" in task["failReason"]
    account = midjourney.sandbox.account()
    assert (account["balance"], account["free_balance"], account["calls"]) == ("6800.00", "10.00", 1)


@pytest.mark.parametrize(("dimensions", "size"), [(None, (1024, 1024)), ("PORTRAIT", (832, 1248))])
def test_blend_makes_one_of_many(midjourney: Midjourney, dimensions: str | None, size: tuple[int, int]) -> None:
    """Two pictures become a grid in the asked dimensions."""
    task = midjourney.finish("blend", base64Array=[DATA_URL, DATA_URL], dimensions=dimensions)
    assert (task["action"], task["actions"][0]["label"]) == ("BLEND", "U1")
    assert size_of(load(midjourney.url_of(task))) == size


def test_blend_takes_pictures_in_every_encoding(midjourney: Midjourney) -> None:
    """A JSON list, a JSON text, repeated fields and files are all the same."""
    form: dict[str, object] = {"model": "midjourney"}
    texts = [form | {"base64Array": pictures} for pictures in ([DATA_URL] * 3, f'["{DATA_URL}", "{DATA_URL}"]')]
    statuses = [midjourney.form("blend", text)["statusCode"] for text in texts]
    files = [("base64Array[]", ("a.png", PIXEL)), ("base64Array[]", ("b.png", PIXEL))]
    statuses.append(midjourney.form("blend", form, files=files)["statusCode"])
    statuses.append(midjourney.form("blend", form | {"base64Array": [DATA_URL] * 2}, files={"x": b""})["statusCode"])
    assert statuses == [200] * 4


def test_describe_finds_a_prompt(midjourney: Midjourney) -> None:
    """The text arrives in the prompt, and there is no picture and no button."""
    first, again = (midjourney.finish("describe", base64=DATA_URL) for _ in range(2))
    assert (first["action"], first["imageS3Url"], first["actions"]) == ("DESCRIBE", None, [])
    assert first["prompt"] == again["prompt"] != ""


def test_pages_are_newest_first(midjourney: Midjourney) -> None:
    """A page has the wanted number of tasks, and the total counts them all."""
    ids = [midjourney.post("imagine", prompt=f"fox {number}")["data"] for number in range(7)]
    pages = [midjourney.post(f"query-mj-tasks?page={page}&pageSize=5")["data"] for page in (1, 2, 3)]
    assert [page["total"] for page in pages] == [7, 7, 7]
    assert [task["taskId"] for page in pages for task in page["tasks"]] == ids[::-1]
    assert pages[0]["tasks"][0].keys() == FIELDS


def test_a_page_has_twelve_tasks_when_nothing_is_said(midjourney: Midjourney) -> None:
    """The documented form works as it stands."""
    for _ in range(13):
        midjourney.post("imagine", prompt="a fox")
    assert len(midjourney.form("query-mj-tasks?page=1", {"model": "midjourney"})["data"]["tasks"]) == 12


def test_others_see_nothing(midjourney: Midjourney) -> None:
    """A task of somebody else is like one that does not exist."""
    task_id = midjourney.post("imagine", prompt="a fox")["data"]
    bob = Midjourney(midjourney.sandbox, midjourney.sandbox.token(BOB))
    assert bob.post("query", taskId=task_id)["statusCode"] == 400
    assert bob.post("query-mj-tasks?page=1")["data"] == {"total": 0, "tasks": []}


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("imagine", {}),
        ("imagine", {"prompt": ""}),
        ("imagine", {"prompt": {"a": 1}}),
        ("imagine", {"prompt": "x" * 6001}),
        ("imagine", {"prompt": "x", "model": "dall-e-3"}),
        ("imagine", {"prompt": "x", "model": ""}),
        ("imagine", {"prompt": "x", "type": "TURBO"}),
        ("imagine", {"prompt": "x", "webhook": "javascript:x"}),
        ("imagine", {"prompt": "x", "webhook": 3}),
        ("imagine", {"prompt": "x", "base64Array": "nonsense"}),
        ("imagine", {"prompt": "x", "base64Array": [3]}),
        ("imagine", {"prompt": "x", "base64Array": {"a": 1}}),
        ("imagine", {"prompt": "x", "base64Array": ["data:image/png;base64,%%"]}),
        ("imagine", {"prompt": "x", "base64Array": ["data:text/html;base64,eA=="]}),
        ("imagine", {"prompt": "x", "base64Array": [DATA_URL] * 6}),
        ("imagine", {"prompt": "x", "base64Array": "[" * 50_000}),
        ("blend", {}),
        ("blend", {"base64Array": [DATA_URL]}),
        ("blend", {"base64Array": [DATA_URL] * 6}),
        ("blend", {"base64Array": [DATA_URL] * 2, "dimensions": "ROUND"}),
        ("describe", {}),
        ("describe", {"base64": 7}),
        ("describe", {"base64": [DATA_URL, DATA_URL]}),
        ("query", {}),
        ("query", {"taskId": "one"}),
        ("query", {"taskId": 0}),
        ("query", {"taskId": 10**30}),
        ("query", {"taskId": 99}),
        ("query", {"taskId": 1, "model": "mj"}),
        ("query-mj-tasks", {}),
        ("query-mj-tasks?page=0", {}),
        ("query-mj-tasks?page=1&pageSize=4", {}),
        ("query-mj-tasks?page=1&pageSize=21", {}),
        ("query-mj-tasks?page=x", {}),
        ("query-mj-tasks?page=1", {"model": None, "x": 1}),
        ("action", {"customId": "x"}),
        ("action", {"taskId": 99, "customId": "x"}),
    ],
)
def test_a_bad_request_is_refused_and_free(midjourney: Midjourney, operation: str, fields: dict[str, object]) -> None:
    """The envelope says statusCode 400, as documented, and nothing is paid."""
    answer = midjourney.post(operation, **fields)
    assert (answer["statusCode"], answer["data"]) == (400, None)
    assert midjourney.sandbox.account()["balance"] == FULL


@pytest.mark.parametrize("operation", ["imagine", "action", "blend", "describe", "query", "query-mj-tasks?page=1"])
def test_an_unknown_credential_is_401(sandbox: Emulator, operation: str) -> None:
    """Every operation asks who is there."""
    assert sandbox.post(f"{MJ}/{operation}", "sk-wrong", {"model": "midjourney"}).status_code == 401


def test_a_key_needs_the_permission(midjourney: Midjourney) -> None:
    """A key for other things is refused; one for drawing pays, and gets back what a failure cost."""
    without, with_it = (_key(midjourney, name) for name in ("gpt-4o", "midJourney"))
    assert without.post("imagine", prompt="a fox")["errorType"] == "no_permission_error"
    assert with_it.finish("imagine", prompt="a fox")["status"] == "SUCCESS"
    assert with_it.finish("imagine", prompt="[[fail]]")["status"] == "FAILURE"
    listed = midjourney.sandbox.post("/api/v1/user/admin/get-api-tokens", _admin_key(midjourney), {}).json()["data"]
    assert [key["used_fee"] for key in listed if key["key"] == with_it.token] == ["6800.00"]


def test_no_money_is_402(sandbox: Emulator) -> None:
    """A task that cannot be paid is not begun."""
    bob = Midjourney(sandbox, sandbox.token(BOB))
    assert bob.post("imagine", prompt="a fox")["statusCode"] == 402
    assert bob.post("query-mj-tasks?page=1")["data"]["total"] == 0


def test_an_unknown_picture_is_404(sandbox: Emulator) -> None:
    """A guessed name shows nothing."""
    assert requests.get(f"{sandbox.url}/api/v1/content/mj-generated/x.png", timeout=10).status_code == 404


def _admin_key(midjourney: Midjourney) -> str:
    return str(midjourney.sandbox.app("get-user-admin-token", midjourney.token).json()["data"]["token"])


def _key(midjourney: Midjourney, permission: str) -> Midjourney:
    terms = {"expired_at": "2099-01-01T00:00:00Z", "max_fee": "0", "permissions": [permission]}
    answer = midjourney.sandbox.post("/api/v1/user/admin/new-api-token", _admin_key(midjourney), terms)
    return Midjourney(midjourney.sandbox, str(answer.json()["data"]))
