"""Random requests for an operation: its good body made wrong, and things no program would send."""

import ast
import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_from_bytes, urlencode

from hypothesis import strategies as st
from starlette.routing import BaseRoute, Route

from tests.sandbox.fuzz_bodies import BODIES

#: Who asks; the target knows their credentials.
CALLERS: Final = (*["owner"] * 12, "key", "poor", "session", "nobody", "liar", "odd")

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,40}")
_PACKAGE: Final = "oauth_app.sandbox"
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data; boundary=b"

_ODD_TEXTS: Final = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\ud800",
        "\U0001f600",
        "\u202e",
        "é" * 300,
        "x" * 5000,
        "../../etc/passwd",
        "%00",
        "'\"<b>",
    ),
    *("0", "-1", "1e400", "NaN", "9" * 400, "0.001", "1.5", "٣", "true", "null", "[]", '["a"', "{}", "[" * 500),
    *(
        "http://127.0.0.1/",
        "http://[::1",
        "javascript:x",
        "2030-01-01",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01",
        "--ar 1:1",
    ),
    *(
        "[[words=99999]]",
        "[[words=7]]",
        "[[tool=f]]",
        "[[fail]]",
        "[[flag=violence]]",
        "data:image/png;base64,====",
        "@",
    ),
    *(f"IDREF{place}X" for place in range(10)),
)
_HOSTILE: Final = ("\ud800", "\0", "9" * 400, 10**400, None, {"a": []}, [None], True, -1, "", "٣")
_ODD_NUMBERS: Final = (0, -1, 1, 2**31, 2**63, 2**64, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), 1e-300)
_ODD_HEADERS: Final = (
    (b"Authorization", b"Bearer"),
    (b"Authorization", b"\xff\xfe \xe9"),
    (b"Authorization", b"Basic !!"),
    (b"Content-Type", b"application/json; charset=utf-16"),
    (b"Content-Type", b"multipart/form-data; boundary=" + b"b" * 300),
    (b"Content-Type", b"\xff/\xff"),
    (b"Cookie", b"sandbox_session=\xff; ; =; a"),
    (b"Range", b"bytes=5-2,-0"),
    (b"Range", b"bytes=" + b"9" * 300 + b"-"),
    (b"If-None-Match", b'W/"'),
    (b"Idempotency-Key", b"k" * 300),
    (b"Idempotency-Key", b"same"),
    (b"Stripe-Version", b"\xe9"),
    (b"anthropic-version", b"\xff"),
    (b"X-Forwarded-Host", b"evil.example"),
    (b"X-Sandbox-Fault", b"slow; seconds=x; \xff"),
    (b"Accept", b"text/event-stream"),
    (b"X-Long", b"x" * 8000),
)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A route of the application; where GET is served, HEAD is, too."""

    methods: tuple[str, ...]
    path: str
    module: str

    def __str__(self) -> str:
        return f"{self.methods[0]} {self.path}"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A request that somebody wants to send."""

    method: str
    target: str
    caller: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def operations(routes: list[BaseRoute]) -> list[Operation]:
    """Return every HTTP route."""
    return [
        Operation(methods=tuple(sorted(route.methods or ())), path=route.path, module=route.endpoint.__module__)
        for route in routes
        if isinstance(route, Route)
    ]


@st.composite
def wishes(draw: st.DrawFn, operation: Operation) -> Wish:
    """Draw a request for an operation."""
    values = draw(_bodies(operation))
    method = draw(st.sampled_from(operation.methods))
    content_type, body = draw(_encoded(values) if not draw(_one_in(8)) else _broken())
    in_address = (
        urlencode(_flat(values), errors="surrogatepass") if method in {"GET", "HEAD"} or draw(_one_in(6)) else ""
    )
    odd = [draw(st.sampled_from(_ODD_HEADERS))] if draw(_one_in(6)) else []
    types = () if b"Content-Type" in dict(odd) else ((b"Content-Type", content_type.encode()),)
    return Wish(
        method=method,
        target=draw(_targets(operation.path, in_address)),
        caller=draw(st.sampled_from(CALLERS)),
        headers=(*odd, *types),
        body=b"" if method == "HEAD" else body,
    )


def good_wish(path: str, body: dict[str, Any]) -> Wish:
    """Return the request that an operation expects."""
    is_form = path.startswith("/stripe/") or any(isinstance(value, bytes) for value in body.values())
    encode = _as_json if not is_form else _as_form if path.startswith("/stripe/") else _as_parts
    content_type, content = encode(body)
    headers = ((b"Content-Type", content_type.encode()),)
    return Wish(method="POST", target=path, caller="owner", headers=headers, body=content)


def _one_in(number: int) -> st.SearchStrategy[bool]:
    # Sampled and not compared with a number: the ends of a range are drawn more often than the rest.
    return st.sampled_from([False] * (number - 1) + [True])


@st.composite
def _bodies(draw: st.DrawFn, operation: Operation) -> dict[str, Any]:
    good = BODIES.get(operation.path, {})
    if good and draw(_one_in(4)):
        return dict(good)
    if good and draw(_one_in(2)):
        return dict(draw(_with_one_hostile(good)))
    values = {name: draw(_changed(value)) for name, value in good.items() if not draw(_one_in(20))}
    words = st.sampled_from(vocabulary(operation.module))
    extra = st.dictionaries(words, _anything() | words, max_size=1 if good else 4)
    return values | (draw(extra) if draw(_one_in(3)) else {})


@st.composite
def _with_one_hostile(draw: st.DrawFn, value: object) -> Any:  # noqa: ANN401 - like what it is made of
    """Draw a value of which one part, at any depth, is what programs stumble over most."""
    if isinstance(value, dict) and value:
        name = draw(st.sampled_from(sorted(value)))
        return value | {name: draw(_with_one_hostile(value[name]))}
    if isinstance(value, list) and value:
        return [draw(_with_one_hostile(value[0])), *value[1:]]
    hostile = draw(st.sampled_from(_HOSTILE))
    # Behind a good beginning it gets past checks of the form.
    return value + hostile if isinstance(value, str) and isinstance(hostile, str) and draw(_one_in(2)) else hostile


def _changed(value: object) -> st.SearchStrategy[Any]:
    """Draw a value as it is, most often, or changed somewhere, or another one."""
    if isinstance(value, dict):
        inner: st.SearchStrategy[Any] = st.fixed_dictionaries({name: _changed(part) for name, part in value.items()})
    elif isinstance(value, list):
        inner = st.tuples(*map(_changed, value)).map(list)
    else:
        inner = st.just(value)
    return _one_in(12).flatmap(lambda is_odd: _anything() if is_odd else inner)


@cache
def _anything() -> st.SearchStrategy[Any]:
    plain = st.sampled_from([None, True, False, *_ODD_NUMBERS, *_ODD_TEXTS]) | st.text(max_size=8)
    deep = st.integers(1, 300).map(lambda depth: json.loads("[" * depth + "]" * depth))
    return plain | plain | st.recursive(plain, _containers, max_leaves=4) | deep


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(("type", "text", "", "a", "0")), inner, max_size=3
    )


def _encoded(values: dict[str, Any]) -> st.SearchStrategy[tuple[str, bytes]]:
    return st.sampled_from([_as_json, _as_json, _as_form, _as_form, _as_parts, _mislabelled]).map(
        lambda encode: encode(values)
    )


def _as_json(values: dict[str, Any]) -> tuple[str, bytes]:
    return _JSON, json.dumps(values, default=repr).encode(errors="surrogatepass")


def _as_form(values: dict[str, Any]) -> tuple[str, bytes]:
    return _FORM, urlencode(_flat(values), errors="surrogatepass").encode()


def _as_parts(values: dict[str, Any]) -> tuple[str, bytes]:
    return _MULTIPART, _parts(_flat(values))


def _mislabelled(values: dict[str, Any]) -> tuple[str, bytes]:
    return _FORM, _as_json(values)[1]


def _broken() -> st.SearchStrategy[tuple[str, bytes]]:
    kinds = st.sampled_from([_JSON, _FORM, _MULTIPART, "multipart/form-data", "text/plain", "", "application/xml"])
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
    odd = (
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"a":',
        b"\xff\xfe",
        b"[" * 99_999,
        b'{"a":' * 5000,
        b"a=%ff&=&&%",
        b"\0" * 99,
        b'"\\ud800"',
    )
    parts = (
        head,
        head + b"\r\nx",
        head + b"Content-Type: \xff\r\n\r\nx\r\n--b--\r\n",
        b"--b--",
        b"--b\r\n\r\n\r\n--b--\r\n",
        b"--b\r\n:\r\n",
    )
    return st.tuples(kinds, st.sampled_from(odd + parts) | st.binary(max_size=40))


def _flat(value: object, name: str = "") -> list[tuple[str, str | bytes]]:
    """Return the pairs of a form, nested values with their names in brackets."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else [("", part) for part in value]
        inner = [(f"{name}[{key}]" if name else str(key), part) for key, part in items]
        return [pair for key, part in inner for pair in _flat(part, key)]
    return [(name, value if isinstance(value, str | bytes) else json.dumps(value))]


def _parts(pairs: list[tuple[str, str | bytes]]) -> bytes:
    parts = []
    for name, value in pairs:
        is_file = isinstance(value, bytes)
        disposition = f'form-data; name="{name}"' + ('; filename="f"' if is_file else "")
        content = value if isinstance(value, bytes) else value.encode(errors="surrogatepass")
        head = f"--b\r\nContent-Disposition: {disposition}\r\n\r\n".encode(errors="surrogatepass")
        parts.append(head + content + b"\r\n")
    return b"".join(parts) + b"--b--\r\n"


@st.composite
def _targets(draw: st.DrawFn, path: str, in_address: str) -> str:
    filled = re.sub(r"\{[^}]*\}", lambda _: draw(_segments()), path)
    queries = st.sampled_from(
        [in_address, in_address, in_address, "", "%ff&=&a[=", "limit=0&after=%00", "q=" + "x" * 20_000]
    )
    query = draw(queries)
    return f"{filled}?{query}" if query else filled


def _segments() -> st.SearchStrategy[str]:
    known = st.sampled_from([f"IDREF{place}X" for place in range(10)])
    words = st.sampled_from(
        ["alice@example.com", "checkout", "pay", "gpt-4o", "1", "2.png", "0", "-1", "..", "%2e%2e", "%00", "%ff"]
    )
    odd = st.binary(min_size=1, max_size=9).map(lambda text: quote_from_bytes(text, safe=""))
    return _one_in(4).flatmap(lambda is_odd: words | odd if is_odd else known)


@cache
def vocabulary(module: str) -> list[str]:
    """Return the words that stand in the code of an operation: the names of its fields are among them."""
    own = Path(str(sys.modules[module].__file__))
    files = sorted(own.parent.glob("*.py")) if module.count(".") > _PACKAGE.count(".") + 1 else [own]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return sorted(text for text in texts if _WORD.fullmatch(text)) or ["a"]
