"""The words of the pages: each one is translated, and what is installed is what was written."""

from collections.abc import Set as AbstractSet
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.conftest import ROOT

CATALOGUES = sorted((ROOT / "oauth_app" / "web" / "translations").rglob("*.po"))


@pytest.mark.parametrize("file", CATALOGUES, ids=str)
def test_every_text_is_translated(file: Path) -> None:
    """A page never changes its language half-way down."""
    translated = {message.id for message in _read(file) if message.string and not message.fuzzy}
    assert _texts_of_the_pages() - translated == set(), "translate them, then: make translations"


@pytest.mark.parametrize("file", CATALOGUES, ids=str)
def test_no_translation_is_left_over(file: Path) -> None:
    """A text that no page has any more leaves the catalogue, too."""
    catalogue = {message.id for message in _read(file) if message.id}
    assert catalogue - _texts_of_the_pages() == set(), "run: make translations"


@pytest.mark.parametrize("file", CATALOGUES, ids=str)
def test_the_compiled_catalogue_is_fresh(file: Path) -> None:
    """What the pages read is what the translator wrote."""
    compiled = BytesIO()
    write_mo(compiled, _read(file))
    assert file.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run: make translations"


def _read(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source)


def _texts_of_the_pages() -> AbstractSet[str | tuple[str, ...]]:
    with (ROOT / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    keywords = {**DEFAULT_KEYWORDS, "_l": None}  # lazy_gettext
    found = extract_from_dir(ROOT, methods, options, keywords, directory_filter=_is_ours)
    return {message for _file, _line, message, _comments, _context in found}


def _is_ours(folder: str) -> bool:
    path = Path(folder).relative_to(ROOT)
    return path.parts[:1] in {(), ("oauth_app",), ("templates",)}
