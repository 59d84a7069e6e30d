"""Sounds made with arithmetic: 16-bit mono PCM, bare or as a WAV file, and how long a recording is."""

import hashlib
import io
import math
import struct
import wave
from typing import Final

RATE: Final = 24_000
_BYTES_PER_SAMPLE: Final = 2

#: A word lasts that long, an answer at most thirty seconds.
_SAMPLES_PER_WORD: Final = RATE // 20
_MOST_SAMPLES: Final = RATE * 30

#: For recordings that are no WAV: about what MP3 at 128 kbit/s has in a second.
_BYTES_PER_SECOND: Final = 16_000


def tone(text: str, voice: str) -> bytes:
    """Return samples as long as the text is, in a pitch of the voice's own."""
    length = min(max(len(text.split()), 1) * _SAMPLES_PER_WORD, _MOST_SAMPLES)
    period = 60 + hashlib.sha256(voice.encode()).digest()[0] // 2
    wave_form = [round(8_000 * math.sin(2 * math.pi * step / period)) for step in range(period)]
    repeated = struct.pack(f"<{period}h", *wave_form) * (length // period + 1)
    return repeated[: length * _BYTES_PER_SAMPLE]


def wav(samples: bytes) -> bytes:
    """Return a WAV file of samples."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(_BYTES_PER_SAMPLE)
        writer.setframerate(RATE)
        writer.writeframes(samples)
    return file.getvalue()


def duration_ms(recording: bytes) -> int:
    """Return how long a recording lasts: read from a WAV file, guessed from the size of any other."""
    try:
        with wave.open(io.BytesIO(recording)) as reader:
            frames, rate = int(reader.getnframes()), int(reader.getframerate())
        return frames * 1000 // rate
    except (wave.Error, EOFError, ZeroDivisionError):
        return len(recording) * 1000 // _BYTES_PER_SECOND
