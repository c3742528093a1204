"""What the header of a picture file says, read without decoding it where that is enough."""

from pathlib import Path

import msgspec

from longtail.data.pictures.endings import is_whole
from longtail.data.pictures.faults import TRUNCATED, BadPictureError, PictureFault
from longtail.data.pictures.opening import opened
from longtail.data.pictures.orientation import UPRIGHT, orientation_of, shown_size
from longtail.data.pictures.rgb import as_rgb, bits_of, find_fault_of_mode

WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")


class PictureFacts(msgspec.Struct, frozen=True, gc=False):
    """What is known of a picture file.

    Attributes:
        height: Pixels, of the picture as it is shown; 0 where it cannot be opened.
        width: The same.
        mode: Pillow's colour mode.
        bits: Of a channel: 8, 12 or 16.
        orientation: EXIF's, 1 to 8.
        fault: Why it cannot be read; None if it can, as far as is seen here.
    """

    height: int = 0
    width: int = 0
    mode: str = ""
    bits: int = 8
    orientation: int = UPRIGHT
    fault: PictureFault | None = None

    @property
    def conversion(self) -> str | None:
        """What is lost where the loader makes 8-bit RGB of it; None for nothing."""
        if self.bits > 8:
            return f"{self.bits} bits a channel: the upper 8 are used"
        if self.mode in WITH_ALPHA:
            return "an alpha channel: it is left out, and colours are used as they are stored"
        if self.mode == "CMYK":
            return "CMYK: turned to RGB without a colour profile"
        return None


def read_facts(path: Path) -> PictureFacts:
    """Read a header; decode the few files of which it does not say enough.

    These are files without a recognised end, and those of 16 bits a channel, which may be dark.
    """
    try:
        with opened(path) as picture:
            bits, orientation = bits_of(picture), orientation_of(picture)
            fault, mode = find_fault_of_mode(picture), picture.mode
            height, width = shown_size(picture, orientation)
            whole = is_whole(picture, path)
            if whole is False:
                fault = fault or TRUNCATED
            elif fault is None and (whole is None or bits > 8):
                as_rgb(picture, path)
    except BadPictureError as error:
        return PictureFacts(fault=error.fault)
    return PictureFacts(height, width, mode, bits, orientation, fault)
