"""Midjourney's tasks in time: progress, webhooks, and a restart in between."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import Emulator, running
from tests.sandbox.midjourney import Midjourney
from tests.sandbox.receiver import receiving

COURSE = [
    ("SUBMITTED", "0%"),
    ("IN_PROGRESS", "15%"),
    ("IN_PROGRESS", "46%"),
    ("IN_PROGRESS", "78%"),
    ("IN_PROGRESS", "93%"),
    ("SUCCESS", "100%"),
]


@pytest.fixture(scope="module")
def _server() -> Iterator[Emulator]:
    with running(Config(faults=True, mj_task_ms=800)) as emulator:
        yield emulator


@pytest.fixture
def midjourney(sandbox: Emulator, token: str) -> Midjourney:
    """Alice's client; a task takes almost a second."""
    return Midjourney(sandbox, token)


def test_a_task_goes_through_every_state(midjourney: Midjourney) -> None:
    """Who polls sees a task that has not begun, then rising percentages, then success."""
    task_id = midjourney.post("imagine", prompt="a fox")["data"]
    seen: list[tuple[str, str]] = []
    while ("SUCCESS", "100%") not in seen:
        task = midjourney.query(task_id)
        seen += [step for step in [_step(task)] if step not in seen]
    assert seen == [("NOT_START", "0%"), *COURSE]


def test_nothing_is_told_before_it_is_there(midjourney: Midjourney) -> None:
    """A task that has not begun has no times but the first, no picture and no buttons."""
    task = midjourney.query(midjourney.post("imagine", prompt="a fox")["data"])
    later = [task[name] for name in ("startTime", "finishTime", "imageDcUrl", "imageS3Url", "failReason", "actions")]
    assert later == [None, None, None, None, None, []]
    pressed = midjourney.post("action", taskId=task["taskId"], customId="MJ::JOB::upsample::1::x")
    assert pressed["statusCode"] == 400


def test_a_webhook_is_told_of_progress(midjourney: Midjourney) -> None:
    """Each step is one POST of the task object without an envelope; the last equals what a query says."""
    with receiving() as receiver:
        task_id = midjourney.post("imagine", prompt="a fox", webhook=receiver.url)["data"]
        bodies = receiver.wait_for(len(COURSE))
    assert [_step(body) for body in bodies] == COURSE
    assert bodies[-1] == midjourney.query(task_id)
    assert bodies[-1]["webhookUrl"] == receiver.url


def test_a_webhook_is_told_of_failure_after_the_refund(midjourney: Midjourney) -> None:
    """When the last webhook arrives the money is back."""
    with receiving() as receiver:
        midjourney.post("imagine", prompt="[[fail]]", webhook=receiver.url)
        assert midjourney.sandbox.account()["balance"] == "3393200.00"
        bodies = receiver.wait_for(4)
    assert _step(bodies[-1]) == ("FAILURE", "46%")
    assert midjourney.sandbox.account()["balance"] == "3400000.00"


def test_a_description_shows_its_text_at_the_end(midjourney: Midjourney) -> None:
    """The prompt is null until the task has succeeded."""
    with receiving() as receiver:
        midjourney.post("describe", base64="data:image/png;base64,eA==", webhook=receiver.url)
        prompts = [body["prompt"] for body in receiver.wait_for(len(COURSE))]
    assert (prompts[:-1], bool(prompts[-1])) == ([None] * (len(COURSE) - 1), True)


def test_a_webhook_that_cannot_be_reached_does_no_harm(midjourney: Midjourney) -> None:
    """The task ends all the same."""
    task = midjourney.finish("imagine", prompt="a fox", webhook="http://127.0.0.1:9/closed")
    assert (task["status"], task["webhookUrl"]) == ("SUCCESS", "http://127.0.0.1:9/closed")


def test_only_this_machine_is_called(midjourney: Midjourney) -> None:
    """An address that is no loopback number is kept and not called, even where it would lead here."""
    with receiving() as receiver:
        address = receiver.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - nothing binds to it
        task = midjourney.finish("imagine", prompt="a fox", webhook=address)
        midjourney.finish("imagine", prompt="a fox", webhook=receiver.url)
    assert task["webhookUrl"] == address
    assert {body["taskId"] for body in receiver.bodies} == {task["taskId"] + 1}


def test_a_task_survives_a_restart(tmp_path: Path) -> None:
    """What went on when the sandbox stopped goes on in the next run, to its webhook and its refund."""
    config = Config(faults=True, mj_task_ms=1500, database=str(tmp_path / "sandbox.db"))
    with receiving() as receiver:
        with running(config) as sandbox:
            midjourney = Midjourney(sandbox, sandbox.token())
            task_id = midjourney.post("imagine", prompt="[[fail]]", webhook=receiver.url)["data"]
        before = len(receiver.bodies)
        with running(config) as sandbox:
            bodies = receiver.wait_for(before + 1)
            while _step(bodies[-1])[0] != "FAILURE":
                receiver.wait_for(len(bodies) + 1)
            assert Midjourney(sandbox, midjourney.token).query(task_id)["status"] == "FAILURE"
            assert sandbox.account()["balance"] == "3400000.00"


def test_a_normal_task_takes_twice_as_long(midjourney: Midjourney) -> None:
    """When the fast one has ended, the normal one has not."""
    normal = midjourney.post("imagine", prompt="a fox", type="NORMAL")["data"]
    midjourney.finish("imagine", prompt="a fox")
    assert midjourney.query(normal)["status"] == "IN_PROGRESS"


def _step(task: dict[str, Any]) -> tuple[str, str]:
    return task["status"], task["progress"]
