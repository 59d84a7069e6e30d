"""The walk through one charge in ARCHITECTURE.md is the way that a charge goes."""

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from oauth_app.hub import Hub
from tests.api.caller import Caller
from tests.conftest import ROOT
from tests.fixtures.hub import Person
from tests.services.wallets import fill_wallet

_STEP = re.compile(r"^\d+\. `([a-z_.]+)`", re.MULTILINE)


def steps(heading: str) -> list[str]:
    """Return the functions that the walk names under a heading, in order."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    return _STEP.findall(text.partition(f"### {heading}\n")[2].partition("\n#")[0])


def passed_by(act: Callable[[], object]) -> list[str]:
    """Return the functions of ours that were called meanwhile, in order, each as module and name."""
    seen: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("oauth_app."):
            seen.append(f"{module.removeprefix('oauth_app.')}.{frame.f_code.co_name}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return seen


def in_order(wanted: list[str], seen: list[str]) -> list[str]:
    """Return what is wanted and was not passed, or not after what stands before it."""
    rest: Iterator[str] = iter(seen)
    return [step for step in wanted if step not in rest]


@pytest.mark.parametrize(("heading", "asset"), [("From the wallet", "CNY"), ("From OhMyGPT", "OMG")])
def test_a_charge_goes_the_way_that_is_told(caller: Caller, hub: Hub, alice: Person, heading: str, asset: str) -> None:
    """Every function that the walk names is passed, in that order."""
    fill_wallet(hub.engine, alice.user_id, 20_00)
    wanted = steps(heading)
    seen = passed_by(lambda: caller.charge(asset=asset))
    assert len(wanted) > 8
    assert in_order(wanted, seen) == []


def test_what_goes_on_later_is_there() -> None:
    """The functions that the text names beside the steps exist."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## One charge")[2].partition("\n## ")[0]
    named = set(re.findall(r"`((?:api|services|ledger|upstream)\.[a-z_.]+\.[a-z_]+)`", text))
    assert len(named) > 20
    for path in named:
        module, _, name = path.rpartition(".")
        found = importlib.import_module(f"oauth_app.{module}")
        # What is a method stands under its module's name, as the trace has it.
        classes = [value for value in vars(found).values() if isinstance(value, type)]
        assert any(hasattr(place, name) for place in (found, *classes)), path
