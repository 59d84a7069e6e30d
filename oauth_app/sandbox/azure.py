"""Azure's text to speech: a tone as long as the text, and the list of voices."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import funds, sound
from oauth_app.sandbox.api_keys import AZURE_TTS
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import platform_account
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import refuse
from oauth_app.sandbox.fields import Fields, read_fields
from oauth_app.sandbox.money import CENTS_PER_USD

#: Microsoft's list price of a neural voice, 16 USD for a million characters, times 1.1, which a
#: third party once listed as the multiplier for Azure.
_CENTS_PER_CHARACTER: Final = CENTS_PER_USD * 16 * 11 // 10_000_000

_FACTOR: Final = re.compile(r"([0-9])(?:\.([0-9]{1,2}))?", re.ASCII)

#: (short name, name, name in its own language, gender, locale).
_VOICES: Final = (
    ("zh-CN-XiaoxiaoNeural", "Xiaoxiao", "晓晓", "Female", "zh-CN"),
    ("zh-CN-YunxiNeural", "Yunxi", "云希", "Male", "zh-CN"),
    ("zh-TW-HsiaoChenNeural", "HsiaoChen", "曉臻", "Female", "zh-TW"),
    ("en-US-JennyNeural", "Jenny", "Jenny", "Female", "en-US"),
    ("en-US-GuyNeural", "Guy", "Guy", "Male", "en-US"),
    ("en-GB-SoniaNeural", "Sonia", "Sonia", "Female", "en-GB"),
    ("ja-JP-NanamiNeural", "Nanami", "七海", "Female", "ja-JP"),
    ("de-DE-KatjaNeural", "Katja", "Katja", "Female", "de-DE"),
)


async def speak(request: Request) -> Response:
    """Answer with a WAV file; a higher rate makes it shorter, another pitch another tone."""
    account = platform_account(request)
    fields = await read_fields(request)
    voice, text = fields.text("voiceShortName"), fields.text("text")
    if voice not in {short_name for short_name, *_ in _VOICES}:
        refuse("voiceShortName is not a known voice; ask /api/v1/ai/azure/voices")
    rate, pitch = _read_percent(fields, "rate"), _read_percent(fields, "pitch")
    funds.pay(store_of(request), account.id, AZURE_TTS, len(text) * _CENTS_PER_CHARACTER)
    samples = sound.tone(text, f"{voice} {pitch}")
    frames = len(samples) // 2 * 100 // rate
    return Response(sound.wav((samples * 2)[: frames * 2]), media_type="audio/wav")


async def voices(request: Request) -> Response:
    """List the voices in the form of Azure's own list."""
    platform_account(request)
    await read_fields(request)
    return success("Get azure voices success", [_described(*voice) for voice in _VOICES])


def _read_percent(fields: Fields, name: str) -> int:
    """Return a factor from 0.5 to 2 in hundredths; absent is 1."""
    match = _FACTOR.fullmatch(fields.text(name, "1"))
    percent = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else 0
    if not 50 <= percent <= 200:
        refuse(f"{name} must be a decimal from 0.5 to 2 with at most two digits after the point")
    return percent


def _described(short_name: str, name: str, local_name: str, gender: str, locale: str) -> dict[str, str]:
    return {
        "Name": f"Microsoft Server Speech Text to Speech Voice ({locale}, {name}Neural)",
        "DisplayName": name,
        "LocalName": local_name,
        "ShortName": short_name,
        "Gender": gender,
        "Locale": locale,
        "SampleRateHertz": str(sound.RATE),
        "VoiceType": "Neural",
        "Status": "GA",
    }


ROUTES: Final = (
    Route("/api/v1/ai/azure/tts", speak, methods=["POST"]),
    Route("/api/v1/ai/azure/voices", voices, methods=["POST"]),
)
