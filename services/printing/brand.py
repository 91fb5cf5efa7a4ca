"""How a firm's paper looks: logo, paper size, footer."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image, UnidentifiedImageError

from models.values.errors import InvalidValue
from services.printing.file import Picture

LARGEST_PIXELS = 40_000_000
_KEPT = (640, 240)
"""Pixels that are kept: 300 dots an inch on the largest logo that the head of a page takes."""

PAPERS = {"A4": (595.276, 841.89), "Letter": (612.0, 792.0)}


@dataclass(frozen=True, slots=True)
class Brand:
    """`logo` holds a PNG or JPEG file; without one the firm's initial stands in a square."""

    logo: bytes | None = None
    paper: Literal["A4", "Letter"] = "A4"
    footer: str = ""


@lru_cache(maxsize=8)
def logo_picture(logo: bytes) -> Picture:
    """The logo as it goes into files: decoded here, made small, on white. Nothing of the original file is copied."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(logo), formats=("PNG", "JPEG"))
        if image.width * image.height > LARGEST_PIXELS:
            raise InvalidValue("The logo has more than 40 million pixels. Choose a smaller picture.")
        image.draft("RGB", _KEPT)
        drawn = image.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise InvalidValue("The logo is not a PNG or JPEG picture that can be read. Choose another file.") from None
    drawn.thumbnail(_KEPT, Image.Resampling.LANCZOS)
    paper = Image.new("RGB", drawn.size, "white")
    paper.paste(drawn, mask=drawn.getchannel("A"))
    return Picture(paper.width, paper.height, paper.tobytes())
