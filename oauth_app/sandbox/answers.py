"""What the sandbox says: a function of the input that pretends no intelligence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oauth_app.sandbox import tokens

#: A message with, say, ``[[words=500]]`` in it is answered with 500 numbered words.
_WORDS: Final = re.compile(r"\[\[words=([0-9]{1,5})\]\]", re.ASCII)

_LONGEST_ECHO: Final = 600


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where the caller wants an answer to end."""

    max_tokens: int | None = None
    stop: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A finished text, and what ended it."""

    text: str
    was_clipped: bool = False
    stopped_by: str | None = None


def compose(prompt: str, limits: Limits) -> Answer:
    """Return the answer to the last message of the person."""
    return limit(_text(prompt), limits)


def limit(whole: str, limits: Limits) -> Answer:
    """Return as much of a text as the caller wants."""
    text, stopped_by = _until_stop(whole, limits.stop)
    if limits.max_tokens is not None and tokens.count(text) > limits.max_tokens:
        return Answer(text=tokens.clip(text, limits.max_tokens), was_clipped=True)
    return Answer(text=text, stopped_by=stopped_by)


def pieces(text: str) -> list[str]:
    """Return a text cut before each word, as it is streamed."""
    return re.findall(r"\s*\S+|\s+$", text)


def _text(prompt: str) -> str:
    if wanted := _WORDS.search(prompt):
        return " ".join(f"word{number}" for number in range(1, int(wanted[1]) + 1))
    words = len(prompt.split())
    echo = prompt if len(prompt) <= _LONGEST_ECHO else prompt[:_LONGEST_ECHO] + "…"
    return (
        f"You wrote {words} {'word' if words == 1 else 'words'}: “{echo}” "
        "This is the OhMyGPT sandbox: no model was asked, the answer is made from your message alone."
    )


def _until_stop(text: str, stops: Sequence[str]) -> tuple[str, str | None]:
    found = [(position, stop) for stop in stops if stop and (position := text.find(stop)) >= 0]
    if not found:
        return text, None
    position, stop = min(found)
    return text[:position], stop
