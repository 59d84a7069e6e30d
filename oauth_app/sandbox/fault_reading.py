"""Reading a fault from JSON, from a form or from a request's header, and checking it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Final, get_type_hints

from oauth_app.sandbox.fault_list import Fault, FaultKind

#: ``X-Sandbox-Fault: slow; seconds=2``
HEADER: Final = "x-sandbox-fault"

_TYPES: Final = {field.name: get_type_hints(Fault)[field.name] for field in fields(Fault)}

#: What `seconds` is when nothing is said, where it is not 1.
_USUAL_S: Final = {"hang": 60}


class FaultError(ValueError):
    """A fault makes no sense; the text tells why."""


def read(values: Mapping[str, object]) -> Fault:
    """Return the fault that some named values describe.

    Raises:
        FaultError: a name is unknown, or a value of the wrong type or out of range.
    """
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in set(FaultKind):
        msg = f"kind must be one of {', '.join(FaultKind)}"
        raise FaultError(msg)
    wish = {"match": "/", "seconds": _USUAL_S.get(kind, 1), **values, "kind": FaultKind(kind)}
    for name, value in wish.items():
        if type(value) is not _TYPES.get(name):
            msg = f"{name[:40]} is unknown or has the wrong type"
            raise FaultError(msg)
    fault = Fault(**wish)  # type: ignore[arg-type] # the types were compared just now
    _check_range(fault)
    return fault


def from_texts(texts: Mapping[str, str]) -> Fault:
    """Return the fault that some texts describe, as a form or a header has them; empty ones count as absent.

    Raises:
        FaultError: as above.
    """
    given = {name: text for name, text in texts.items() if text}
    return read({name: _whole(name, text) if _TYPES.get(name) is int else text for name, text in given.items()})


def from_header(header: str) -> Fault:
    """Return the fault that a request asks for itself: a kind and its options, separated by semicolons.

    Raises:
        FaultError: as above.
    """
    kind, *options = (part.strip() for part in header.split(";"))
    pairs = (option.partition("=") for option in options if option)
    return from_texts({name.strip(): value.strip() for name, _, value in pairs} | {"kind": kind})


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        msg = f"{name} must be a whole number"
        raise FaultError(msg)
    return int(text)


def _check_range(fault: Fault) -> None:
    is_sound = fault.times > 0 and 0 <= fault.seconds <= 600 and 200 <= fault.code <= 599 and fault.after_chunks >= 0
    if not is_sound:
        msg = "times, seconds, code or after_chunks is out of range"
        raise FaultError(msg)
