"""Identifiers that the struck sandbox has given out, to be asked for again."""

import json
import re
from collections import defaultdict, deque
from typing import Final

_KIND: Final = re.compile(rb"KIND([a-z]+)X")
_REFERENCE: Final = re.compile(r"IDREF([0-9])X")
_IDENTIFIER: Final = re.compile(rb'"((?:sk-|[a-z]+_|[0-9a-f]{8}-|chatcmpl-)[A-Za-z0-9_-]{8,80})"')

_FILE: Final = re.compile(rb'"fileUniqueID": ?"([^"]+)"')


class Identifiers:
    """The latest identifiers, by the address whose answers had them."""

    def __init__(self) -> None:
        self._latest: deque[str] = deque(["nothing"], maxlen=60)
        self._kinds: dict[str, str] = {}
        self._by_address: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=10))

    def learn(self, target: str, body: bytes) -> None:
        """Remember what an answer names."""
        found = [identifier.decode() for identifier in _IDENTIFIER.findall(body)[:40]]
        self._latest.extend(found)
        self._kinds |= {re.split("[_-]", identifier)[0]: identifier for identifier in found}
        if file := _FILE.search(body):
            self._kinds["file"] = file[1].decode()
        self._by_address[_REFERENCE.sub("*", target.partition("?")[0])].extend(_identifiers_of(body))

    def resolved(self, text: bytes) -> bytes:
        """Return a text with identifiers in place of references, whatever they belong to."""
        known = list(self._latest)[::-1]
        text = _KIND.sub(lambda found: self._kinds.get(found[1].decode(), "nothing").encode(), text)
        for place in range(10):
            text = text.replace(b"IDREF%dX" % place, known[place % len(known)].encode())
        return text

    def resolved_target(self, target: str) -> str:
        """Return an address with an identifier of its own kind in place of each reference, where one is known."""
        path, mark, query = target.partition("?")
        found = ""
        address = ""
        for piece in re.split(r"(IDREF[0-9]X)", path):
            is_reference = _REFERENCE.fullmatch(piece)
            found += self._known(address, int(piece[5])) if is_reference else piece
            address += "*" if is_reference else piece
        return found + mark + self.resolved(query.encode("ascii", "ignore")).decode()

    def _known(self, address: str, place: int) -> str:
        own = self._by_address[address.rstrip("/")] or self._latest
        return own[-1 - place % len(own)]


def _identifiers_of(body: bytes) -> list[str]:
    try:
        value = json.loads(body)
    except ValueError:
        return []
    listed = value.get("data") if isinstance(value, dict) else None
    objects = [value, *(listed if isinstance(listed, list) else [])][:5]
    return [item["id"] for item in objects if isinstance(item, dict) and isinstance(item.get("id"), str)]
