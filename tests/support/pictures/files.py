"""Picture files of kinds that Pillow itself does not write."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

SHORT, LONG = 3, 4
"""Types of TIFF's tags."""


def noise(height: int, width: int) -> NDArray[np.uint8]:
    """(height, width, 3) pixels that no format stores in a few bytes."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def write_picture(path: Path, size: tuple[int, int] = (40, 60), orientation: int = 1) -> None:
    """An RGB picture of noise, (height, width), with an EXIF orientation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = PilImage.Exif()
    exif[0x0112] = orientation
    PilImage.fromarray(noise(*size)).save(path, exif=exif)


def write_12_bit_tiff(path: Path, pixels: NDArray[np.uint16]) -> None:
    """(H, W) grey of 0 to 4095, W even, two pixels packed in three bytes."""
    first, second = pixels[:, 0::2], pixels[:, 1::2]
    packed = np.stack([first >> 4, ((first & 15) << 4) | (second >> 8), second & 255], axis=-1)
    height, width = pixels.shape
    tags = ((256, LONG, width), (257, LONG, height), (258, SHORT, 12), (259, SHORT, 1))
    content = packed.astype(np.uint8).tobytes()
    tags += ((262, SHORT, 1), (273, LONG, 8 + 2 + 12 * 9 + 4), (277, SHORT, 1))
    tags += ((278, LONG, height), (279, LONG, len(content)))
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    path.write_bytes(head + entries + bytes(4) + content)
