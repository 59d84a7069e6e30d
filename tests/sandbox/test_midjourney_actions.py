"""The buttons of Midjourney's finished tasks."""

import re
from collections.abc import Iterator

import pytest

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import Emulator, running
from tests.sandbox.midjourney import Midjourney
from tests.sandbox.pictures import DATA_URL, load, size_of

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
OF_GRID = [
    *(rf"MJ::JOB::upsample::{number}::{UUID}" for number in range(1, 5)),
    rf"MJ::JOB::reroll::0::{UUID}::SOLO",
    *(rf"MJ::JOB::variation::{number}::{UUID}" for number in range(1, 5)),
]
OF_SINGLE = [
    *(rf"MJ::JOB::{strength}_variation::1::{UUID}::SOLO" for strength in ("low", "high")),
    rf"MJ::Inpaint::1::{UUID}::SOLO",
    *(rf"MJ::Outpaint::{zoom}::{UUID}::SOLO" for zoom in ("50", "75", "100::1")),
    *(rf"MJ::JOB::{direction}_pan_variation::1::{UUID}::SOLO" for direction in ("left", "right", "up", "down")),
]
MADE = ["VARIATION"] * 3 + ["ZOOM"] * 3 + ["PAN"] * 4


@pytest.fixture(scope="module")
def _server() -> Iterator[Emulator]:
    with running(Config(faults=True, mj_task_ms=0)) as emulator:
        yield emulator


@pytest.fixture
def midjourney(sandbox: Emulator, token: str) -> Midjourney:
    """Alice's client; tasks take no time."""
    return Midjourney(sandbox, token)


def test_a_grid_has_the_observed_buttons(midjourney: Midjourney) -> None:
    """Each customId has the observed form and names the same job, and U1 to V4 have their labels."""
    actions = midjourney.finish("imagine", prompt="a fox")["actions"]
    assert [action.keys() for action in actions] == [{"customId", "emoji", "label"}] * 9
    assert _matching(actions, OF_GRID)
    assert [action["label"] for action in actions] == ["U1", "U2", "U3", "U4", "", "V1", "V2", "V3", "V4"]


def test_an_upscaled_picture_has_the_others(midjourney: Midjourney) -> None:
    """Below one picture there are variations, a region, zooms, pans, and the way to a square."""
    single = midjourney.press(midjourney.finish("imagine", prompt="a fox --ar 3:2"), "U2")
    assert (single["action"], single["prompt"]) == ("UPSCALE", "a fox --ar 3:2")
    assert _matching(single["actions"], OF_SINGLE)


def test_every_button_makes_what_it_says(midjourney: Midjourney) -> None:
    """Each button of one picture leads to a task with the action it stands for."""
    single = midjourney.press(midjourney.finish("imagine", prompt="a fox --ar 3:2"), "U2")
    calls = [{"taskId": single["taskId"], "customId": action["customId"]} for action in single["actions"]]
    tasks = [midjourney.finish("action", **call) for call in calls]
    assert [task["action"] for task in tasks] == MADE
    assert len({load(midjourney.url_of(task)) for task in tasks}) == len(tasks)


def test_a_grid_can_be_varied_and_rolled_again(midjourney: Midjourney) -> None:
    """A variation is a grid of its own; rolling again makes once more the same."""
    grid = midjourney.finish("imagine", prompt="a fox")
    assert [midjourney.press(grid, label)["action"] for label in ("V3", "")] == ["VARIATION", "IMAGINE"]
    assert _matching(midjourney.press(grid, "V3")["actions"], OF_GRID)


def test_made_square_is_square(midjourney: Midjourney) -> None:
    """The square has the longer side, and its own upscaled picture cannot be made square again."""
    single = midjourney.press(midjourney.finish("imagine", prompt="a fox --ar 3:2"), "U1")
    square = midjourney.press(single, "Make Square")
    width, height = size_of(load(midjourney.url_of(square)))
    again = midjourney.press(square, "U1")
    assert width == height == size_of(load(midjourney.url_of(single)))[0]
    assert "Make Square" not in [action["label"] for action in again["actions"]]


@pytest.mark.parametrize("mask", [DATA_URL, DATA_URL.partition(",")[2]])
def test_a_region_takes_a_mask(midjourney: Midjourney, mask: str) -> None:
    """The mask is a data URL or bare base64, and the picture depends on it."""
    single = midjourney.press(midjourney.finish("imagine", prompt="a fox"), "U1")
    call = {"taskId": single["taskId"], "customId": single["actions"][2]["customId"]}
    with_mask, without = (midjourney.finish("action", **call, base64Mask=text) for text in (mask, None))
    assert load(midjourney.url_of(with_mask)) != load(midjourney.url_of(without))


@pytest.mark.parametrize(
    "change",
    [
        {"customId": None},
        {"customId": "MJ::JOB::upsample::5::{}"},
        {"customId": "MJ::JOB::upsample::1::00000000-0000-0000-0000-000000000000"},
        {"customId": "MJ::Inpaint::1::{}::SOLO"},
        {"base64Mask": DATA_URL},
        {"base64Mask": "%%"},
        {"type": "SLOW"},
        {"model": "mj"},
    ],
)
def test_what_is_no_button_is_refused(midjourney: Midjourney, change: dict[str, str | None]) -> None:
    """Only the parent's own actions can be pressed, and a mask only fits a region."""
    grid = midjourney.finish("imagine", prompt="a fox")
    first = grid["actions"][0]["customId"]
    job = first.rpartition("::")[2]
    call = {"customId": first} | {name: text and text.format(job) for name, text in change.items()}
    assert midjourney.post("action", taskId=grid["taskId"], **call)["statusCode"] == 400


def test_a_failure_has_no_actions(midjourney: Midjourney) -> None:
    """A task that failed cannot be acted upon."""
    failed = midjourney.finish("imagine", prompt="[[fail]]")
    answer = midjourney.post("action", taskId=failed["taskId"], customId="MJ::JOB::upsample::1::x")
    assert answer["statusCode"] == 400


def _matching(actions: list[dict[str, str]], patterns: list[str]) -> bool:
    pairs = zip(patterns, actions, strict=True)
    return all(re.fullmatch(pattern, action["customId"]) for pattern, action in pairs)
