"""Moving the clock."""

import pytest

from tests.sandbox.emulator import Browser, Emulator

MINUTE = 60
DAY = 86_400


def test_the_clock_moves_forwards_only_and_goes_back_with_a_reset(sandbox: Emulator) -> None:
    """Moves add up; after a reset the time is the true one."""
    before = sandbox.control("GET", "clock").json()
    sandbox.control("POST", "clock", {"advance_s": DAY})
    moved = sandbox.control("POST", "clock", {"advance_s": 5}).json()
    sandbox.control("POST", "reset")

    assert (before["ahead_s"], moved["ahead_s"], sandbox.control("GET", "clock").json()["ahead_s"]) == (0, DAY + 5, 0)
    assert moved["now_s"] - before["now_s"] == pytest.approx(DAY + 5, abs=5)


@pytest.mark.parametrize("seconds", [-1, 10**12, 1.5, "60", None, True])
def test_a_move_that_makes_no_sense_is_refused(sandbox: Emulator, seconds: object) -> None:
    """Neither backwards nor into another millennium."""
    assert sandbox.control("POST", "clock", {"advance_s": seconds}).json()["statusCode"] == 400


@pytest.mark.parametrize(("minutes", "status"), [(9, 200), (10, 400)])
def test_a_code_ages_with_the_clock(sandbox: Emulator, browser: Browser, minutes: int, status: int) -> None:
    """A code lives ten minutes of the sandbox's time."""
    code = browser.approve().partition("code=")[2].partition("&")[0]
    sandbox.control("POST", "clock", {"advance_s": minutes * MINUTE})
    assert sandbox.issue(code).json()["statusCode"] == status


def test_a_session_ages_with_the_clock(sandbox: Emulator, browser: Browser) -> None:
    """After two weeks a browser has to sign in anew."""
    browser.approve()
    assert "sign-in" not in browser.open(sandbox.authorize_url()).url
    sandbox.control("POST", "clock", {"advance_s": 15 * DAY})
    assert "sign-in" in browser.open(sandbox.authorize_url()).url


def test_a_picture_is_ready_when_the_clock_says_so(sandbox: Emulator, token: str) -> None:
    """Who does not want to wait for a task moves the clock."""
    task = {"model": "midjourney", "prompt": "a lighthouse"}
    task_id = sandbox.post("/api/v1/ai/draw/mj/imagine", token, task).json()["data"]
    sandbox.control("POST", "clock", {"advance_s": MINUTE})
    found = sandbox.post("/api/v1/ai/draw/mj/query", token, {"model": "midjourney", "taskId": task_id}).json()
    assert found["data"]["status"] == "SUCCESS"
