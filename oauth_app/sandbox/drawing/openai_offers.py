"""What OpenAI's image models can be asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One model; the first of several values is the default."""

    sizes: Mapping[str, Size]
    tokens: Mapping[str, int]
    """Image tokens of a square picture for each quality: what it costs, since a million has a price."""
    response_formats: tuple[str, ...] = ("url", "b64_json")
    longest_prompt: int
    most: int
    """Pictures in one call."""
    most_inputs: int
    """Pictures that can be edited in one call."""

    def cost(self, quality: str, size: Size) -> int:
        """Return the image tokens of a picture; one that is not square costs half as much again."""
        tokens = self.tokens[quality]
        return tokens if size[0] == size[1] else tokens * 3 // 2


_SQUARE: Final = (1024, 1024)

OFFERS: Final = {
    "dall-e-2": Offer(
        sizes={"1024x1024": _SQUARE, "512x512": (512, 512), "256x256": (256, 256)},
        tokens={"standard": 500},
        longest_prompt=1_000,
        most=10,
        most_inputs=1,
    ),
    "dall-e-3": Offer(
        sizes={"1024x1024": _SQUARE, "1792x1024": (1792, 1024), "1024x1792": (1024, 1792)},
        tokens={"standard": 1_000, "hd": 2_000},
        longest_prompt=4_000,
        most=1,
        most_inputs=0,
    ),
    "gpt-image-1": Offer(
        sizes={"auto": _SQUARE, "1024x1024": _SQUARE, "1536x1024": (1536, 1024), "1024x1536": (1024, 1536)},
        tokens={"auto": 1_056, "low": 272, "medium": 1_056, "high": 4_160},
        response_formats=("b64_json", "url"),
        longest_prompt=32_000,
        most=10,
        most_inputs=16,
    ),
}
