"""The table of modules, made from the plans and from the tests that exist: what README.md must hold.

``python -m tests.provider.conformance.table`` writes it anew.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.provider.conformance.plans import PLANS

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"

_HEAD = """# The certification plans, module by module

Each module of these plans of the OpenID Foundation is a test here that bears its name, and says what is checked. The
tests were written from the specifications and from what the modules are said to check; they are not the official
suite, which has not certified this provider. The client that runs them ([relying_party.py](relying_party.py)) is
written by hand and strict: signature, `iss`, `aud`, `azp`, `nonce`, `at_hash`, `exp`, `iat`, `auth_time`, `state`,
`iss` of the answer, caching, and that nothing is sent which was not asked for. Every module of the Basic plan runs
twice: as it is, and with `response_mode=form_post`.

A module that is listed here passes: the tests fail otherwise, and so does the one that compares this file with them.
`python -m tests.provider.conformance.table` writes it anew.

"""

#: Where the official suite would do something else than our test.
REMARKS = {
    "oidcc-idtoken-unsigned": "the plan skips it where unsigned tokens are not offered",
    "oidcc-scope-address": "the plan skips it; OhMyGPT knows no addresses",
    "oidcc-scope-phone": "the plan skips it; OhMyGPT knows no telephone numbers",
    "oidcc-scope-profile": "OhMyGPT has no more than a name; the suite warns of what is not there",
    "oidcc-scope-email": "`email_verified` is left out, since OhMyGPT does not tell; the suite warns",
    "oidcc-scope-all": "as the four scopes by themselves",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow": (
        "with PKCE here: a client must send one of the two (RFC 9700 2.1.1)"
    ),
    "oidcc-ensure-request-object-with-redirect-uri": "request objects are not taken, so the query alone counts",
}


def named_tests() -> dict[str, tuple[str, str]]:
    """Return the tests of this folder: name -> (file, first line of the docstring)."""
    return {
        function.name: (file.name, (ast.get_docstring(function) or "").partition("\n")[0])
        for file in sorted(FOLDER.glob("test_*.py"))
        for function in ast.parse(file.read_text("utf-8")).body
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
    }


def name_of_test(module: str) -> str:
    """Return what the test of a module is called."""
    return "test_" + module.replace("-", "_")


def render() -> str:
    """Return the whole README."""
    return _HEAD + "\n".join(line for plan in PLANS for line in _plan(plan))


def _plan(plan: str) -> Iterator[str]:
    tests = named_tests()
    yield f"## {plan} ({len(PLANS[plan])})\n"
    yield "| module | test | what is checked | remark |"
    yield "| --- | --- | --- | --- |"
    for module in PLANS[plan]:
        file, sentence = tests[name_of_test(module)]
        checked = sentence.partition(": ")[2].rstrip(".")
        yield f"| `{module}` | [{file}]({file}) | {checked} | {REMARKS.get(module, '')} |"
    yield ""


if __name__ == "__main__":
    README.write_text(render(), "utf-8")
