"""Thumbnails as text that stands in a page: WebP, the same bytes for the same pixels."""

import base64
import io

from PIL import Image

QUALITY = 45
SLOWEST = 6
"""WebP's `method`: the smallest file."""


def data_url(picture: Image.Image) -> str:
    """A `data:` address with all of a picture."""
    held = io.BytesIO()
    picture.save(held, "WEBP", quality=QUALITY, method=SLOWEST)
    return f"data:image/webp;base64,{base64.b64encode(held.getvalue()).decode()}"
