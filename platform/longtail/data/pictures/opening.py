"""Opening a picture file, with every error that it can cause told in one way."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image as PilImage
from PIL import UnidentifiedImageError
from PIL.ImageFile import ImageFile

from longtail.data.pictures.faults import (
    MISSING,
    BadPictureError,
    fault_of_contents,
    undecodable,
)
from longtail.problems import BadInputError
from longtail.rle.validation import MAX_PIXELS

# What Pillow raises for damaged files, by format and by where the damage is.
UNREADABLE = (OSError, SyntaxError, ValueError, struct.error, PilImage.DecompressionBombError)


@contextmanager
def opened(path: Path) -> Iterator[ImageFile]:
    """A picture whose header is read; what decoding it raises inside the block is told, too.

    The largest number of pixels is that of annotation files, in place of Pillow's own limit.

    Raises:
        BadPictureError: The file is missing, no picture, or damaged.
    """
    PilImage.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with PilImage.open(path) as picture:
            yield picture
    except BadInputError:
        raise
    except FileNotFoundError:
        raise BadPictureError(path, MISSING) from None
    except UnidentifiedImageError:
        raise BadPictureError(path, fault_of_contents(path)) from None
    except UNREADABLE as error:
        raise BadPictureError(path, undecodable(error)) from error
