"""A partner reads in its console what its site earned, and nobody else does."""

import csv
import json

import pytest

from oauth_app import clock
from oauth_app.services.statement_months import Month
from tests.fixtures.hub import Sandbox, make_person
from tests.fixtures.live import LiveHub
from tests.services.money_story import allow, tell_last_month, tell_this_month
from tests.web.console import Developer, Site


@pytest.fixture
def month() -> Month:
    """Return the present month."""
    return Month.of(clock.now())


@pytest.fixture(scope="module")
def earning(site: Site, module_hub: LiveHub, sandbox_process: Sandbox) -> Site:
    """Let Carol buy at Alice's site, last month and this month."""
    carol = make_person(module_hub.hub, sandbox_process, "carol@example.com")
    access = allow(module_hub.hub, carol.user_id, site.id)
    tell_last_month(module_hub.hub, access)
    tell_this_month(module_hub.hub, access)
    return site


def test_the_months_are_listed(alice_at_work: Developer, own: Site, month: Month) -> None:
    """From the one in which the site was made to the present one; the console leads there."""
    listed = alice_at_work.browser.get(f"{own.path}/statements")
    assert f'href="{own.path}/statements/{month}"' in listed.text
    assert f"/hub/v1/statements/{month}" in listed.text
    assert f'href="{own.path}/statements"' in alice_at_work.browser.get(own.path).text


def test_a_month_is_read_and_printed(alice_at_work: Developer, earning: Site, month: Month) -> None:
    """Gross, fee and net, in a style for paper, with the files beside it."""
    address = f"{earning.path}/statements/{month}"
    page = alice_at_work.browser.get(address).text
    assert 'data-testid="closing-USD"' in page
    assert "captured hold" in page
    assert 'media="print"' in page
    assert f'href="{address}.csv"' in page
    assert f'href="{address}.json"' in page


def test_the_files_are_the_partners_month(alice_at_work: Developer, earning: Site, month: Month) -> None:
    """CSV and JSON have the same lines, come as downloads, and nobody keeps them."""
    as_csv = alice_at_work.browser.get(f"{earning.path}/statements/{month}.csv")
    as_json = alice_at_work.browser.get(f"{earning.path}/statements/{month}.json")
    assert as_csv.headers["Content-Disposition"] == f'attachment; filename="statement-{month}.csv"'
    assert as_csv.headers["Cache-Control"] == as_json.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(as_csv.text.splitlines(keepends=True)))
    lines = json.loads(as_json.text)["lines"]
    assert lines
    assert [row["transfer"] for row in rows if row["transfer"]] == [line["transfer"] for line in lines]


@pytest.mark.parametrize(
    "page", ["statements", "statements/{month}", "statements/{month}.csv", "statements/{month}.json"]
)
def test_nobody_reads_what_another_earned(
    bob_at_work: Developer, earning: Site, module_hub: LiveHub, month: Month, page: str
) -> None:
    """Another developer is told that there is no such site; who is not signed in, is sent to sign in."""
    address = f"{earning.path}/statements{page.format(month=month)}"
    assert bob_at_work.browser.get(address).status_code == 404
    stranger = type(bob_at_work.browser)(url=module_hub.url).get(address)
    assert "statement" not in stranger.headers.get("Content-Disposition", "")
    assert earning.id not in stranger.text.replace(address, "")


@pytest.mark.parametrize("written", ["2099-01", "2026-13", "x", "2026-01.exe"])
def test_there_are_no_other_months_of_a_site(alice_at_work: Developer, own: Site, written: str) -> None:
    """What is no month, or has not begun, is not there."""
    assert alice_at_work.browser.get(f"{own.path}/statements/{written}").status_code == 404
