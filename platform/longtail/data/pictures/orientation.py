"""The EXIF orientation, which says how stored pixels are to be shown.

It is applied as by detectron2, OpenCV, browsers and annotation tools. Sizes are (height, width).
"""

import os

from PIL import Image as PilImage
from PIL.ImageFile import ImageFile

ORIENTATION_TAG = 0x0112
UPRIGHT = 1
FIRST_SIDEWAYS = 5
"""From here on to 8, height and width change places."""
TURNS = {
    2: PilImage.Transpose.FLIP_LEFT_RIGHT,
    3: PilImage.Transpose.ROTATE_180,
    4: PilImage.Transpose.FLIP_TOP_BOTTOM,
    5: PilImage.Transpose.TRANSPOSE,
    6: PilImage.Transpose.ROTATE_270,
    7: PilImage.Transpose.TRANSVERSE,
    8: PilImage.Transpose.ROTATE_90,
}
PNG_END_BYTES = 65_536


def orientation_of(picture: ImageFile) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where there is none, or where it is damaged.

    A PNG may say it after its pixels: such a file is decoded to find it.
    """
    if picture.format == "PNG" and "exif" not in picture.info and _has_late_exif(picture):
        picture.load()
    try:
        # A PNG's own `getexif` would decode every file that has none.
        orientation = PilImage.Image.getexif(picture).get(ORIENTATION_TAG, UPRIGHT)
    except Exception:
        # detectron2 passes over damaged EXIF blocks of any kind, too.
        return UPRIGHT
    return orientation if orientation in TURNS else UPRIGHT


def shown_size(picture: ImageFile, orientation: int) -> tuple[int, int]:
    """Height and width of the picture as it is to be shown."""
    height, width = picture.height, picture.width
    sideways = orientation >= FIRST_SIDEWAYS and not _turned_by_pillow(picture)
    return (width, height) if sideways else (height, width)


def turn_of(picture: ImageFile, orientation: int) -> PilImage.Transpose | None:
    """How decoded pixels have to be turned to be upright; None for not at all."""
    return None if _turned_by_pillow(picture) else TURNS.get(orientation)


def _turned_by_pillow(picture: ImageFile) -> bool:
    """Pillow turns TIFF files when it decodes them, and tells their size as shown."""
    return picture.format == "TIFF"


def read_end(picture: ImageFile, length: int) -> bytes:
    """The last bytes of a picture's file; where Pillow goes on reading stays as it is."""
    file = picture.fp
    assert file is not None
    place = file.tell()
    file.seek(-min(length, file.seek(0, os.SEEK_END)), os.SEEK_END)
    end = file.read()
    file.seek(place)
    return end


def _has_late_exif(picture: ImageFile) -> bool:
    return b"eXIf" in read_end(picture, PNG_END_BYTES)
