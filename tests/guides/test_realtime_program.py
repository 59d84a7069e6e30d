"""The guide's program for talks: it answers, and says what is wrong when it cannot."""

import os
import subprocess
from dataclasses import replace

from tests.fixtures.accounts import ALICE, Account, sign_in
from tests.fixtures.hub import Sandbox
from tests.fixtures.live import LiveHub
from tests.guides.programs import EXAMPLES, python


def run(account: Account, question: str) -> subprocess.CompletedProcess[str]:
    """Run the program with a question."""
    known = {"OIDC_ISSUER": account.url, "ACCESS_TOKEN": account.token}
    return subprocess.run(
        [*python("talk.py"), question],
        cwd=EXAMPLES / "realtime",
        env=os.environ | known,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_program_streams_an_answer(account: Account) -> None:
    """It prints the words of the answer, and ends well."""
    done = run(account, "[[words=12]]")
    assert (done.stdout.split(), done.returncode) == ([f"word{number}" for number in range(1, 13)], 0), done.stderr


def test_the_program_tells_where_to_top_up(own_account: Account, sandbox: Sandbox) -> None:
    """An empty balance ends it with the name of the error and the address that the user needs."""
    sandbox.set_balance(ALICE, "0.00")
    done = run(own_account, "Hello")
    assert done.returncode != 0
    assert "insufficient_balance" in done.stderr
    assert f"{own_account.url}/account/top-up" in done.stderr


def test_the_program_tells_what_is_wrong_with_its_token(account: Account, module_hub: LiveHub) -> None:
    """A token that nobody knows and one without the scope end it with the status and the reason."""
    unknown = run(replace(account, token="omc_at_wrong"), "Hello")
    narrow = run(sign_in(module_hub, "openid profile"), "Hello")
    for done, status, words in ((unknown, "401", account.url), (narrow, "403", "scope api")):
        assert done.returncode != 0
        assert status in done.stderr
        assert words in done.stderr
