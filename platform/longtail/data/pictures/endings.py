"""Whether a picture file is cut off, told by its end without decoding its pixels.

A JPEG is read through to its end marker where it does not end with one, since Pillow takes a file
whose rest is zeros (an interrupted download into a file of the full length) for a whole one.
"""

import re
import struct
from pathlib import Path

from PIL.ImageFile import ImageFile

from longtail.data.pictures.orientation import read_end

END_OF_IMAGE = b"\xff\xd9"
START_OF_SCAN = 0xDA
# Inside a scan 0xff is followed by 0 or by a restart marker; anything else ends it.
END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
IEND = b"\0\0\0\0IEND\xaeB`\x82"


def is_whole(picture: ImageFile, path: Path) -> bool | None:
    """Whether a file has its end; None if only decoding it would say."""
    match picture.format:
        case "JPEG" | "MPO":
            return read_end(picture, 2) == END_OF_IMAGE or jpeg_ends(path.read_bytes())
        case "PNG":
            return True if read_end(picture, len(IEND)) == IEND else None
        case "WEBP":
            return _webp_ends(path)
    return None


def jpeg_ends(content: bytes) -> bool:
    """Whether the segments of a JPEG, read one by one, come to its end marker."""
    place = 2
    while 0 <= place <= len(content) - 4 and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4])
        if marker == END_OF_IMAGE[1]:
            return True
        if marker == 0xFF:
            place += 1
            continue
        place += 2 + length
        if marker == START_OF_SCAN:
            after = END_OF_SCAN.search(content, place)
            place = after.start() if after else len(content)
    return content[place : place + 2] == END_OF_IMAGE


def _webp_ends(path: Path) -> bool:
    with path.open("rb") as file:
        length: int = struct.unpack("<I", file.read(8)[4:])[0]
    return path.stat().st_size >= length + 8
