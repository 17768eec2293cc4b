"""Pixels packed in memory as data URIs, the form in which a drawing or a page can hold them."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_COLOURS = 160
_QUALITY = 72


def png_uri(pixels: NDArray[np.uint8]) -> str:
    """Greys (rows, columns) or RGB (rows, columns, 3) as PNG, colours reduced to a palette."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if pixels.ndim == 3:
        picture = picture.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    return _uri(picture, "PNG", optimize=True)


def jpeg_uri(greys: NDArray[np.uint8]) -> str:
    """Greys (rows, columns) as JPEG: a third of the size, for slices that are leafed through."""
    return _uri(Image.fromarray(np.ascontiguousarray(greys)), "JPEG", quality=_QUALITY)


def _uri(picture: Image.Image, kind: str, **options: object) -> str:
    stream = io.BytesIO()
    picture.save(stream, format=kind, **options)
    packed = base64.b64encode(stream.getvalue()).decode("ascii")
    return f"data:image/{kind.lower()};base64,{packed}"
