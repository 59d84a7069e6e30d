"""What a caller may try on the socket, and what has to become of it.

Run as a program it prints the table that stands in oauth_app/relay/smuggling.md.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

#: Stands for a token, and is as long as one, so that lengths stay right when it is put in.
TOKEN = b"omc_at_".ljust(45, b"T")
AUTH = b"Authorization: Bearer " + TOKEN + b"\r\n"
_HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: hub\r\n" + AUTH
_GET = b"GET %s HTTP/1.1\r\nHost: hub\r\n" + AUTH + b"\r\n"
#: What must never reach the upstream out of another request's body.
SMUGGLED = _GET % b"/v1/smuggled"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Fate(StrEnum):
    """What becomes of an attempt."""

    REFUSED = "refused"
    PASSED = "passed on as one plain request"
    EITHER = "refused, or passed on as one plain request"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Some bytes, and their fate."""

    name: str
    sends: bytes
    fate: Fate = Fate.REFUSED
    #: Of the upstream's request, where one is passed on.
    body: bytes | None = None


def _framed(name: str, headers: bytes, body: bytes, fate: Fate = Fate.REFUSED) -> Attempt:
    return Attempt(name=name, sends=_HEAD + headers + b"\r\n" + body, fate=fate)


def _lengths() -> Iterator[Attempt]:
    hidden, lone = b"0\r\n\r\n" + SMUGGLED, b"%d" % len(SMUGGLED)
    yield _framed("CL.TE", b"Content-Length: %d\r\n" % len(hidden) + _CHUNKED, hidden)
    yield _framed("TE.CL", _CHUNKED + b"Content-Length: 3\r\n", b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n")
    yield _framed("two lengths that differ", b"Content-Length: 0\r\nContent-Length: " + lone + b"\r\n", SMUGGLED)
    yield _framed("a list of lengths that differ", b"Content-Length: 0, " + lone + b"\r\n", SMUGGLED)
    yield _framed("two lengths that agree", b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}", Fate.EITHER)
    odd = {
        "with a plus": b"+5", "hexadecimal": b"0x5", "negative": b"-1", "with a space inside": b"5 5", "empty": b"",
        "with a letter": b"5a", "with an underscore": b"1_0", "of 2^64": b"18446744073709551616",
        "of 2^63": b"9223372036854775808", "of forty digits": b"9" * 40, "in other digits": "\uff15".encode(),
    }  # fmt: skip
    for what, length in odd.items():
        yield _framed(f"a length {what}", b"Content-Length: " + length + b"\r\n", b"hello" + SMUGGLED)


def _codings() -> Iterator[Attempt]:
    hidden = b"0\r\n\r\n" + SMUGGLED
    odd = {
        "chunked, identity": b"chunked, identity", "xchunked": b"xchunked", "chunked twice": b"chunked, chunked",
        "gzip after chunked": b"chunked, gzip", "quoted": b'"chunked"', "identity": b"identity",
        "with a vertical tab": b"\x0bchunked", "with a form feed": b"chunked\x0c", "empty": b"",
        "with a parameter": b"chunked;q=1", "with a comma first": b", chunked",
    }  # fmt: skip
    for what, coding in odd.items():
        line = b"Transfer-Encoding: " + coding + b"\r\n"
        yield _framed(f"a coding: {what}, beside a length", line + b"Content-Length: %d\r\n" % len(hidden), hidden)
    for what, coding in odd.items():
        if what not in {"with a comma first", "chunked twice"}:  # without a length they are no riddle
            yield _framed(f"a coding: {what}", b"Transfer-Encoding: " + coding + b"\r\n", hidden)
    for what, line in {
        "with a space before the colon": b"Transfer-Encoding : chunked\r\n",
        "with a tab before the colon": b"Transfer-Encoding\t: chunked\r\n",
        "folded": b"Transfer-Encoding:\r\n chunked\r\n",
        "with a leading space": b" Transfer-Encoding: chunked\r\n",
        "ended by a bare CR": b"X: y\rTransfer-Encoding: chunked\r\n",
    }.items():
        yield _framed(f"a coding {what}", line + b"Content-Length: %d\r\n" % len(hidden), hidden)
    yield _framed("two codings", _CHUNKED + b"Transfer-Encoding: identity\r\n", hidden)
    yield _framed("a coding with a tab", b"Transfer-Encoding:\tchunked\r\n", b"2\r\n{}\r\n0\r\n\r\n", Fate.EITHER)
    yield _framed("a coding in capitals", b"Transfer-Encoding: CHUNKED\r\n", b"2\r\n{}\r\n0\r\n\r\n", Fate.PASSED)
    http10 = _HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + _CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n"
    yield Attempt(name="a coding in HTTP/1.0", sends=http10)


def _chunks() -> Iterator[Attempt]:
    for what, body in {
        "with no size": b"\r\n{}\r\n0\r\n\r\n", "negative": b"-2\r\n{}\r\n0\r\n\r\n",
        "with 0x": b"0x2\r\n{}\r\n0\r\n\r\n",
        "with a plus": b"+2\r\n{}\r\n0\r\n\r\n", "of 2^64 and 2": b"10000000000000002\r\n{}\r\n0\r\n\r\n",
        "with a space in front": b" 2\r\n{}\r\n0\r\n\r\n", "without its CRLF": b"2\r\n{}0\r\n\r\n" + SMUGGLED,
        "longer than its size": b"2\r\n{}xxx\r\n0\r\n\r\n", "with an underscore": b"0_2\r\n{}\r\n0\r\n\r\n",
        "ended by a bare CR": b"2\r{}\r\n0\r\n\r\n",
    }.items():  # fmt: skip
        yield _framed(f"a chunk {what}", _CHUNKED, body)
    for what, body in {
        "ended by a bare LF": b"2\n{}\n0\n\n", "with an extension": b"2;a=b\r\n{}\r\n0\r\n\r\n",
        "with an extension that holds a bare LF": b"2;a\nb\r\n{}\r\n0\r\n\r\n",
        "with leading zeros": b"0002\r\n{}\r\n0\r\n\r\n",
        "followed by a trailer": b"2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n",
        "followed by a length as a trailer": b"2\r\n{}\r\n0\r\nContent-Length: 99\r\n\r\n",
        "followed by a token as a trailer": b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n",
    }.items():  # fmt: skip
        yield _framed(f"a chunk {what}", _CHUNKED, body, Fate.EITHER)


def _heads() -> Iterator[Attempt]:
    line = b"GET /v1/models HTTP/1.1\r\nHost: hub\r\n" + AUTH
    for what, header in {
        "NUL in a name": b"Ac\0cept: x\r\n", "NUL in a value": b"Accept: x\0y\r\n",
        "a bare CR in a value": b"Accept: x\ry\r\n",
        "a control character in a value": b"Accept: x\x01y\r\n", "DEL in a value": b"Accept: x\x7fy\r\n",
        "a space before the colon": b"Accept : x\r\n", "a space in a name": b"Acc ept: x\r\n",
        "no colon": b"Accept\r\n",
        "an empty name": b": x\r\n", "a name in brackets": b"(x): y\r\n",
        "a byte above ASCII in a name": b"Acc\xe9pt: x\r\n",
        "a folded value": b"Accept: x\r\n y\r\n", "a folded value with a tab": b"Accept: x\r\n\ty\r\n",
        "a second Host": b"Host: evil\r\n",
    }.items():  # fmt: skip
        yield Attempt(name=f"a header with {what}" if "Host" not in what else what, sends=line + header + b"\r\n")
    yield Attempt(name="headers ended by bare LF", sends=(line + b"\r\n").replace(b"\r\n", b"\n"), fate=Fate.EITHER)
    yield Attempt(name="a space before the first header", sends=line.replace(b"Host", b" Host") + b"\r\n")
    yield Attempt(name="no Host", sends=b"GET /v1/models HTTP/1.1\r\n" + AUTH + b"\r\n", fate=Fate.EITHER)
    yield Attempt(name="a Host with a path", sends=line.replace(b"hub", b"hub/evil?x") + b"\r\n", fate=Fate.EITHER)
    yield Attempt(name="1 MB in one header", sends=line + b"X-Big: " + b"a" * (1 << 20) + b"\r\n\r\n")
    yield Attempt(name="1 MB in many headers", sends=line + b"X-Big: aaaaaaaa\r\n" * (1 << 16) + b"\r\n")
    yield Attempt(name="a target of 1 MB", sends=_GET % (b"/v1/" + b"a" * (1 << 20)))


def _targets() -> Iterator[Attempt]:
    for target in (b"http://evil/v1/models", b"https://evil:443/v1/models"):  # RFC 9112 3.2.2 lets servers take them
        yield Attempt(name=f"target {target.decode()}", sends=_GET % target, fate=Fate.EITHER)
    for target in (
        b"//evil/v1/models", b"evil:443", b"*",
        b"/v1/%2e%2e/api/v1/user/balance", b"/v1/../api/v1/user/balance", b"/v1/x%2f..%2fapi", b"/v1/x%5c..",
        b"/v1/x\\..",
        b"/v1/%252e%252e/api", b"/v1/..;/api", b"/v1/x;y", b"/v1/%00", b"/v1/%0d%0aX:y", b"/v1/x y", b"/v1/\xe9",
        b"/v1/x#y",
        b"/v1/\x01", b"/v1/\x7f", b"/v1/x?\x01", b"/v1/./models", b"/v1//models", b"@evil/v1/models", b"v1/models",
        b"",
    ):  # fmt: skip
        shown = target.decode("latin-1").encode("unicode_escape").decode()
        yield Attempt(name=f"target {shown or 'of nothing'}", sends=_GET % target)
    yield Attempt(name="a query with an address", sends=_GET % b"/v1/models?u=http://evil/%0d%0a", fate=Fate.PASSED)


def _lines() -> Iterator[Attempt]:
    rest = b"Host: hub\r\n" + AUTH + b"\r\n"
    for what, line in {
        "a method with a colon": b"GE:T /v1/models HTTP/1.1", "a method in small letters": b"get /v1/models HTTP/1.1",
        "a method with NUL": b"GE\0T /v1/models HTTP/1.1", "CONNECT": b"CONNECT /v1/models HTTP/1.1",
        "CONNECT to a host": b"CONNECT evil:443 HTTP/1.1", "TRACE": b"TRACE /v1/models HTTP/1.1",
        "PRI": b"PRI * HTTP/2.0\r\n\r\nSM\r\n", "HTTP/0.9": b"GET /v1/models", "HTTP/9.9": b"GET /v1/models HTTP/9.9",
        "HTTP/1.10": b"GET /v1/models HTTP/1.10", "http/1.1": b"GET /v1/models http/1.1",
        "ICE/1.0": b"SOURCE /v1/models ICE/1.0",
        "a tab between": b"GET\t/v1/models\tHTTP/1.1", "a bare CR between": b"GET /v1/models\rHTTP/1.1",
    }.items():  # fmt: skip
        yield Attempt(name=f"{what} in the request line", sends=line + b"\r\n" + rest)
    yield Attempt(name="empty lines first", sends=b"\r\n\r\n" + _GET % b"/v1/models", fate=Fate.EITHER)
    yield Attempt(name="two spaces", sends=b"GET  /v1/models HTTP/1.1\r\n" + rest, fate=Fate.EITHER)
    yield Attempt(name="HTTP/1.0", sends=b"GET /v1/models HTTP/1.0\r\n" + rest, fate=Fate.PASSED)


def _games() -> Iterator[Attempt]:
    for what, headers in {
        "Connection names authorization": b"Connection: authorization, keep-alive\r\n",
        "Connection names content-type": b"Connection: content-type\r\n",
        "X-Forwarded headers": b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: gopher\r\n",
        "Forwarded": b"Forwarded: for=6.6.6.6;host=evil\r\n",
        "X-Original-URL": b"X-Original-URL: /api/v1/user/balance\r\n",
        "X-Rewrite-URL": b"X-Rewrite-URL: /api/v1/user/balance\r\n",
        "X-HTTP-Method-Override": b"X-HTTP-Method-Override: DELETE\r\n",
        "a cookie": b"Cookie: session=1\r\n", "Proxy-Authorization": b"Proxy-Authorization: Basic eDp5\r\n",
        "TE and Trailer": b"TE: trailers\r\nTrailer: Authorization\r\n",
        "Keep-Alive": b"Keep-Alive: timeout=9999\r\n",
        "a second token": b"Authorization: Bearer omg-oat-v1-somebody-else\r\nx-api-key: sk-somebody\r\n",
        "an Accept-Encoding": b"Accept-Encoding: gzip\r\n", "Expect": b"Expect: 100-continue\r\n",
    }.items():  # fmt: skip
        sends = _HEAD + headers + b"Content-Length: 2\r\n\r\n{}"
        yield Attempt(name=f"{what}", sends=sends, fate=Fate.PASSED, body=b"{}")
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    yield Attempt(name="h2c", sends=_HEAD + upgrade + b"Content-Length: 2\r\n\r\n{}", fate=Fate.REFUSED)
    yield Attempt(name="another Host", sends=(_GET % b"/v1/models").replace(b"hub", b"evil"), fate=Fate.PASSED)
    yield Attempt(
        name="a body in GET", sends=(_GET % b"/v1/models")[:-2] + b"Content-Length: 2\r\n\r\n{}", fate=Fate.EITHER
    )


ATTEMPTS = [*_lengths(), *_codings(), *_chunks(), *_heads(), *_targets(), *_lines(), *_games()]


def table() -> str:
    """Return the attempts and their fates in Markdown."""
    rows = [f"| {attempt.name.replace('|', chr(92) + '|')} | {attempt.fate.value} |" for attempt in ATTEMPTS]
    return "\n".join(["| attempt | what becomes of it |", "| --- | --- |", *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
