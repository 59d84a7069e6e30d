"""The five Flux models and the parameter table of each."""

from dataclasses import dataclass
from typing import Final

from oauth_app.sandbox.drawing.rules import Address, Choice, Flag, Image, Number, Rule, Whole

#: Width and height of about a megapixel, in multiples of 32, for each aspect ratio.
SIZES: Final = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "21:9": (1536, 640),
    "2:3": (832, 1216),
    "3:2": (1216, 832),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "3:4": (896, 1152),
    "4:3": (1152, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}

CUSTOM: Final = "custom"

_WIDEST: Final = 2**63 - 1

_SEED: Final = Whole("seed", -_WIDEST, _WIDEST)
_FORMAT: Final = Choice("output_format", ("webp", "jpg", "png"))
_QUALITY: Final = Whole("output_quality", 0, 100, 80)
_NO_CHECKER: Final = Flag("disable_safety_checker", default=True)
_COUNT: Final = Whole("num_outputs", 1, 4, 1)


def _ratios(text: str) -> Choice:
    """Return the rule for aspect ratios; 1:1 is everybody's default."""
    return Choice("aspect_ratio", ("1:1", *(word for word in text.split() if word != "1:1")))


_OPEN_RATIOS: Final = _ratios("1:1 16:9 21:9 2:3 3:2 4:5 5:4 9:16 9:21")


@dataclass(frozen=True)
class Variant:
    """One model, where it is reached, and what it takes besides prompt and response_format."""

    path: str
    model: str
    cents: int
    """Price of one picture; the vendor's list price at 250 000 units a USD (inferred)."""
    rules: tuple[Rule, ...]


VARIANTS: Final = (
    Variant("schnell", "flux-schnell", 750_00, (_COUNT, _OPEN_RATIOS, _SEED, _FORMAT, _QUALITY, _NO_CHECKER)),
    Variant(
        "dev",
        "flux-dev",
        6_250_00,
        (
            Image("image"),
            Number("prompt_strength", 0, 1, "0.8"),
            _COUNT,
            Whole("num_inference_steps", 1, 50, 50),
            Number("guidance", 0, 10, "3.5"),
            _OPEN_RATIOS,
            Whole("seed", 0, 2**32 - 1),
            *(_FORMAT, _QUALITY, _NO_CHECKER),
        ),
    ),
    Variant(
        "pro",
        "flux-pro",
        13_750_00,
        (
            Number("guidance", 2, 5, "3"),
            Whole("steps", 1, 50, 25),
            Number("interval", 1, 4, "2"),
            _ratios("1:1 16:9 2:3 3:2 4:5 5:4 9:16"),
            # The documentation's lines for these three are not legible; they are as for 1.1.
            *(_SEED, _FORMAT, _QUALITY, Whole("safety_tolerance", 1, 5, 5)),
        ),
    ),
    Variant(
        "pro-11",
        "flux-1.1-pro",
        10_000_00,
        (
            Whole("width", 256, 1440),
            Whole("height", 256, 1440),
            _ratios(f"{CUSTOM} 1:1 16:9 2:3 3:2 4:5 5:4 9:16 3:4 4:3"),
            *(_SEED, _FORMAT, _QUALITY, Whole("safety_tolerance", 1, 5, 5)),
            Flag("prompt_upsampling", default=False),
        ),
    ),
    Variant(
        "pro-ultra-11",
        "flux-1.1-pro-ultra",
        15_000_00,
        (
            Address("image_prompt"),
            Number("image_prompt_strength", 0, 1, "0.1"),
            _ratios("21:9 16:9 3:2 4:3 5:4 1:1 4:5 3:4 2:3 9:16 9:21"),
            _SEED,
            Choice("output_format", ("jpg", "png")),
            Whole("safety_tolerance", 1, 6, 5),
            Flag("raw", default=False),
        ),
    ),
)
