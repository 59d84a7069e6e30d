"""The yardsticks of this code base. They are smoke alarms: each message says why the rule is there."""

import ast
import re
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from oauth_app.settings import Settings
from tests.conftest import ROOT

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

#: What runs in production.
SOURCES = [ROOT / "app.py", *sorted((ROOT / "oauth_app").rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
EVERYTHING = [
    *SOURCES,
    *TESTS,
    ROOT / "migrations" / "env.py",
    *sorted((ROOT / "examples").rglob("*.py")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
]

#: Where amounts of money are computed, kept or carried.
MONEY = (
    "ledger/",
    "models/ledger.py",
    "models/money.py",
    "relay/prices.py",
    "services/charg",
    "services/top_up",
    "upstream/amounts.py",
)

#: In two pieces, so that this file does not break its own rule.
REGISTRIES = [
    ".".join(words)
    for words in [
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
    ]
]
_VAGUE_NAME = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)$")
_LOCK_LINE = re.compile(r"#.*|[\w.\-\[\]]+==\S+( ; .*)? \\|    --hash=sha256:\w{64}( \\)?")

#: What stands beside the project in a working tree and is in no commit.
_PRIVATE = {".venv", ".git", ".hypothesis", "instance", "test-artifacts"}


def test_half_of_the_functions_are_tiny() -> None:
    """Half of the functions have at most eight lines: a name says what a comment would have to."""
    assert statistics.median(_net_lengths(SOURCES).values()) <= 8, "split by what the parts are for, and name them"


def test_few_functions_are_long() -> None:
    """Nineteen functions of twenty have at most 25 lines: they fit a screen with their docstring."""
    lengths = _net_lengths(SOURCES)
    longest = sorted(lengths, key=lengths.__getitem__)[-10:]
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= 25, f"too many are long; begin with {longest}"


def test_no_function_is_very_long() -> None:
    """No function has more than forty lines, route lists and tests included."""
    too_long = [f"{place}: {length}" for place, length in _net_lengths(EVERYTHING).items() if length > 40]
    assert not too_long, f"nobody can hold that many lines in mind at once: {too_long}"


def test_no_file_is_long() -> None:
    """No file has more than 300 lines."""
    too_long = [f"{_short(file)}: {length}" for file, length in _file_lengths(EVERYTHING).items() if length > 300]
    assert not too_long, f"a long file is two subjects under one name: {too_long}"


def test_few_files_are_long() -> None:
    """Nineteen files of twenty have at most 250 lines."""
    lengths = _file_lengths(SOURCES)
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= 250, "split files by subject"


def test_functions_take_few_arguments() -> None:
    """Nineteen functions of twenty take at most four arguments (ruff sees to it that none takes more than five)."""
    counts = [_argument_count(function) for _, function in _functions(SOURCES)]
    assert statistics.quantiles(counts, n=20)[-1] <= 4, "arguments that belong together travel together"


def test_files_are_named_by_subject() -> None:
    """No file is named by being useful; such files collect what has no home."""
    vague = [_short(file) for file in EVERYTHING if _VAGUE_NAME.search(file.stem)]
    assert not vague, f"name the subject: {vague}"


def test_every_test_says_its_sentence() -> None:
    """Each test has a docstring: the sentence that must stay true."""
    silent = [
        f"{_short(file)}:{function.lineno} {function.name}"
        for file, function in _functions(TESTS)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert not silent, f"a failing test must tell which promise is broken: {silent}"


def test_money_is_never_a_float() -> None:
    """Where money is computed there is no float, neither written, nor named, nor made by a division."""
    floats = [
        f"{_short(file)}:{node.lineno}" for file in SOURCES if _is_money(file) for node in _float_nodes(_tree(file))
    ]
    assert not floats, f"money is an integer of the smallest unit; 0.1 + 0.2 is not 0.3 in floats: {floats}"


def test_no_package_registry_is_named() -> None:
    """The project names no package registry: where packages come from is the reader's own configuration."""
    named = [
        f"{_short(file)}: {host}" for file in _text_files() for host in REGISTRIES if host in file.read_text("utf-8")
    ]
    assert not named, f"people behind a mirror install from elsewhere: {named}"


def test_the_readme_lists_every_setting() -> None:
    """The README's table and the settings have the same names, so neither can drift from the other."""
    settings = {str(field.alias or name).upper() for name, field in Settings.model_fields.items()}
    assert _readme_settings() == settings, "a setting that nobody can find is not a setting"


def test_the_locks_pin_every_file() -> None:
    """Each requirement is pinned to one version with hashes, and the tests run against what runs in production."""
    runtime, tests = (_pins(ROOT / name) for name in ("requirements.txt", "requirements-test.txt"))
    assert runtime <= tests, "`make lock` writes both files together"


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-test.txt", "tests/clients/libraries/requirements.txt"]
)
def test_the_locks_hold_no_place(name: str) -> None:
    """A lock names packages and hashes, and neither an address nor a path to get them from."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    odd = [line for line in lines if not _LOCK_LINE.fullmatch(line)]
    assert not odd, f"the files must be installable from anywhere: {odd}"


# ------------------------------------------------------------------------------------------------------------- measures


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def _functions(files: list[Path]) -> Iterator[tuple[Path, FunctionNode]]:
    for file in files:
        for node in ast.walk(_tree(file)):
            if isinstance(node, FunctionNode):
                yield file, node


def _net_lengths(files: list[Path]) -> dict[str, int]:
    """Return the lines of code of each function: no docstring, blanks, comments or decorators."""
    code = {file: _lines_with_code(file) for file in files}
    return {
        f"{_short(file)}:{function.lineno} {function.name}": len(
            code[file].intersection(range(function.lineno, (function.end_lineno or 0) + 1)) - _docstring_lines(function)
        )
        for file, function in _functions(files)
    }


def _lines_with_code(file: Path) -> set[int]:
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    with file.open("rb") as source:
        tokens = [token for token in tokenize.tokenize(source.readline) if token.type not in layout]
    return {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}


def _docstring_lines(function: FunctionNode) -> set[int]:
    if not ast.get_docstring(function):
        return set()
    return set(range(function.body[0].lineno, (function.body[0].end_lineno or 0) + 1))


def _file_lengths(files: list[Path]) -> dict[Path, int]:
    return {file: len(file.read_text("utf-8").splitlines()) for file in files}


def _argument_count(function: FunctionNode) -> int:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in {"self", "cls"}])


def _is_money(file: Path) -> bool:
    return _short(file).removeprefix("oauth_app/").startswith(MONEY)


def _float_nodes(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if (
            (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id == "float")
            or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))
        ):
            yield node


def _text_files() -> Iterator[Path]:
    for top in ROOT.iterdir():
        if top.name not in _PRIVATE and not top.name.endswith("_cache"):
            files = top.rglob("*") if top.is_dir() else [top]
            yield from (file for file in files if file.is_file() and b"\0" not in file.read_bytes())


def _readme_settings() -> set[str]:
    table = (ROOT / "README.md").read_text("utf-8").partition("| setting |")[2].partition("\n\n")[0]
    first_cells = "\n".join(row.split("|")[1] for row in table.splitlines()[1:])
    return set(re.findall(r"`([A-Z0-9_]+)`", first_cells))


def _pins(file: Path) -> set[str]:
    return set(re.findall(r"^[\w.\-\[\]]+==[^\s\\]+", file.read_text("utf-8"), re.MULTILINE))


def _short(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
