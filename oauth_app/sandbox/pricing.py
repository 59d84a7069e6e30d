"""Models, their list prices and multipliers, and what a call costs.

The prices are the vendors' public ones at some time; they serve to make balances
move believably, not to be right.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from oauth_app.sandbox.money import CENTS_PER_USD


class Kind(StrEnum):
    """What a model is for."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    COMPLETION = "text completion"
    MODERATION = "moderation"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    REALTIME = "realtime"
    IMAGE = "images"


@dataclass(frozen=True)
class Model:
    """A model and its price, in thousandths of a USD for a million tokens."""

    id: str
    vendor: str
    input_price: int
    output_price: int
    percent: int
    """Multiplier over the list price; 20 stands for 0.20."""
    kind: Kind = Kind.CHAT
    dimensions: int = 0


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a call consumed."""

    prompt: int
    completion: int = 0


#: Multipliers as a third party once listed them: ordinary 0.2, GPT-4 0.4, Anthropic 1.1 (observed).
MODELS: Final = {
    model.id: model
    for model in (
        Model("gpt-3.5-turbo", "openai", 500, 1_500, 20),
        Model("gpt-4o", "openai", 2_500, 10_000, 40),
        Model("gpt-4o-mini", "openai", 150, 600, 20),
        Model("gpt-4.1", "openai", 2_000, 8_000, 40),
        Model("gpt-4.1-mini", "openai", 400, 1_600, 20),
        Model("gpt-5", "openai", 1_250, 10_000, 40),
        Model("gpt-5-codex", "openai", 1_250, 10_000, 40),
        Model("claude-sonnet-4-6", "anthropic", 3_000, 15_000, 110),
        Model("claude-haiku-4-5-20251001", "anthropic", 1_000, 5_000, 110),
        Model("claude-2.1", "anthropic", 8_000, 24_000, 110),
        Model("deepseek-chat", "deepseek", 270, 1_100, 20),
        Model("text-embedding-3-small", "openai", 20, 0, 20, Kind.EMBEDDING, 1536),
        Model("text-embedding-3-large", "openai", 130, 0, 20, Kind.EMBEDDING, 3072),
        Model("text-embedding-ada-002", "openai", 100, 0, 20, Kind.EMBEDDING, 1536),
        Model("gpt-3.5-turbo-instruct", "openai", 1_500, 2_000, 20, Kind.COMPLETION),
        Model("omni-moderation-latest", "openai", 0, 0, 20, Kind.MODERATION),
        Model("text-moderation-latest", "openai", 0, 0, 20, Kind.MODERATION),
        # Speech is sold by the character, transcription by the second.
        Model("tts-1", "openai", 15_000, 0, 20, Kind.SPEECH),
        Model("tts-1-hd", "openai", 30_000, 0, 20, Kind.SPEECH),
        Model("gpt-4o-mini-tts", "openai", 12_000, 0, 20, Kind.SPEECH),
        Model("whisper-1", "openai", 100_000, 0, 20, Kind.TRANSCRIPTION),
        Model("gpt-4o-transcribe", "openai", 100_000, 0, 20, Kind.TRANSCRIPTION),
        Model("gpt-4o-mini-transcribe", "openai", 50_000, 0, 20, Kind.TRANSCRIPTION),
        Model("gpt-realtime", "openai", 4_000, 16_000, 40, Kind.REALTIME),
        # Pictures are sold by the picture too; see drawing/openai_offers.py for its tokens.
        Model("gpt-image-1", "openai", 5_000, 40_000, 40, Kind.IMAGE),
        Model("dall-e-3", "openai", 0, 40_000, 20, Kind.IMAGE),
        Model("dall-e-2", "openai", 0, 40_000, 20, Kind.IMAGE),
    )
}

#: Undoes the three scales of a price: thousandths of a USD, a million tokens, percent.
_SCALE: Final = 1_000 * 1_000_000 * 100


def cost_cents(model: Model, tokens: Tokens) -> int:
    """Return the price of a call in cents of a unit, rounded up, so that no call is free."""
    list_price = tokens.prompt * model.input_price + tokens.completion * model.output_price
    return -(-list_price * model.percent * CENTS_PER_USD // _SCALE)


def rates() -> dict[str, str]:
    """Return the multiplier of each model as a decimal string."""
    return {model.id: f"{model.percent // 100}.{model.percent % 100:02d}" for model in MODELS.values()}
