"""Sealed values open in their place, by their key, unchanged, and nowhere else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_app.vault import KeyRing, Vault, VaultError

KEYS = {name: base64.b64encode(name.encode() * 16).decode() for name in ("k1", "k2")}
HERE, THERE = "upstream_connection:usr_1:sealed_token", "upstream_connection:usr_2:sealed_token"


def make_vault(*names: str) -> Vault:
    """Return a vault whose ring has these keys; the first is current."""
    return Vault(KeyRing.parse(",".join(f"{name}:{KEYS[name]}" for name in names)))


@given(st.text())
def test_what_was_sealed_opens(text: str) -> None:
    """Any text comes back as it was."""
    vault = make_vault("k1")
    assert vault.open(vault.seal(text, place=HERE), place=HERE, reason="test") == text


def test_it_does_not_open_elsewhere() -> None:
    """A value moved to another user's row does not open there."""
    vault = make_vault("k1")
    with pytest.raises(VaultError, match="changed, or belongs elsewhere"):
        vault.open(vault.seal("token", place=HERE), place=THERE, reason="test")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    """No byte of a sealed value can be changed: name, nonce, text or tag."""
    vault = make_vault("k1", "k2")
    sealed = bytearray(vault.seal("token", place=HERE))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(VaultError):
        vault.open(bytes(sealed), place=HERE, reason="test")


@pytest.mark.parametrize("sealed", [b"", b"\0", b"\x02k1", b"\x02k1short"])
def test_rubbish_is_refused(sealed: bytes) -> None:
    """Bytes that were never sealed give the named error, not a crash."""
    with pytest.raises(VaultError):
        make_vault("k1").open(sealed, place=HERE, reason="test")


def test_an_older_key_still_opens() -> None:
    """After a rotation the new key seals and the old one opens what it sealed."""
    sealed = make_vault("k1").seal("token", place=HERE)
    assert make_vault("k2", "k1").open(sealed, place=HERE, reason="test") == "token"


def test_a_removed_key_is_named() -> None:
    """A value whose key is gone says so; it is not taken for damage."""
    sealed = make_vault("k1").seal("token", place=HERE)
    with pytest.raises(VaultError, match="not in HUB_VAULT_KEYS"):
        make_vault("k2").open(sealed, place=HERE, reason="test")


def test_two_seals_differ() -> None:
    """The same text seals differently each time, so equal tokens cannot be seen to be equal."""
    vault = make_vault("k1")
    assert vault.seal("token", place=HERE) != vault.seal("token", place=HERE)


def test_openings_are_counted() -> None:
    """Every opening is counted by its reason."""
    vault = make_vault("k1")
    vault.open(vault.seal("token", place=HERE), place=HERE, reason="charge")
    assert vault.openings == {"charge": 1}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "a key's name"),
        ("k1", "32 bytes"),
        ("k1:short", "32 bytes"),
        (f"k1:{KEYS['k1']},k1:{KEYS['k2']}", "stands twice"),
        (f"{'n' * 33}:{KEYS['k1']}", "a key's name"),
        (f"k-1:{KEYS['k1']}", "a key's name"),
    ],
)
def test_a_wrong_ring_says_what_is_wrong(text: str, complaint: str) -> None:
    """A key ring that cannot be read names the mistake, never the key."""
    with pytest.raises(ValueError, match=complaint):
        KeyRing.parse(text)


def test_a_ring_hides_its_keys() -> None:
    """A ring that lands in a log shows no key."""
    assert KEYS["k1"] not in repr(KeyRing.parse(f"k1:{KEYS['k1']}"))
