"""Embeddings."""

import base64
import struct

import pytest

from tests.sandbox.emulator import Emulator

URL = "/v1/embeddings"
CALL = {"model": "text-embedding-3-small", "input": "hello"}


def test_both_encodings_carry_the_same_numbers(sandbox: Emulator, token: str) -> None:
    """Base64 is the list of numbers as 32-bit floats."""
    numbers = sandbox.post(URL, token, CALL).json()["data"][0]["embedding"]
    packed = sandbox.post(URL, token, CALL | {"encoding_format": "base64"}).json()["data"][0]["embedding"]
    assert list(struct.unpack("<1536f", base64.b64decode(packed))) == numbers


def test_a_vector_has_length_one_and_the_asked_dimensions(sandbox: Emulator, token: str) -> None:
    """Shorter vectors are of length one too."""
    vector = sandbox.post(URL, token, CALL | {"dimensions": 8}).json()["data"][0]["embedding"]
    assert len(vector) == 8
    assert sum(number * number for number in vector) == pytest.approx(1)


@pytest.mark.parametrize(("given", "count"), [(["a", "b"], 2), ([1, 2, 3], 1), ([[1], [2]], 2)])
def test_inputs_may_be_texts_or_tokens(sandbox: Emulator, token: str, given: object, count: int) -> None:
    """Each input has its vector, in order, and the usage counts them all."""
    body = sandbox.post(URL, token, CALL | {"input": given}).json()
    assert [item["index"] for item in body["data"]] == list(range(count))
    assert body["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    "change",
    [{"input": ""}, {"input": [""]}, {"input": [None]}, {"input": 3}, {"encoding_format": []}, {"dimensions": 9999}],
)
def test_a_bad_call_is_refused_and_free(sandbox: Emulator, token: str, change: dict[str, object]) -> None:
    """Wrong inputs are a 400 and cost nothing."""
    assert sandbox.post(URL, token, CALL | change).status_code == 400
    assert sandbox.account()["calls"] == 0
