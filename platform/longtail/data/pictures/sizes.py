"""Whether a picture has the size that its annotations say. Sizes are (height, width), pixels."""

from longtail.data.pictures.faults import PictureFault
from longtail.data.pictures.orientation import FIRST_SIDEWAYS
from longtail.rle.validation import MAX_PIXELS

Size = tuple[int, int]


def find_fault_of_size(shown: Size, orientation: int, stated: Size | None) -> PictureFault | None:
    """What is wrong with the size of a picture.

    Args:
        shown: The size as the picture is to be shown.
        orientation: EXIF's, 1 to 8, which is applied in `shown`.
        stated: The size that the annotation file says, if it is known.
    """
    if shown[0] * shown[1] > MAX_PIXELS:
        return PictureFault("has 2**31 pixels or more", "cut it up", _by(shown))
    if stated is None or shown == stated:
        return None
    detail = f"{_by(shown)} in the picture, {_by(stated)} in the annotations"
    if shown == stated[::-1] and orientation >= FIRST_SIDEWAYS:
        what = "turned by its EXIF orientation, and height and width are those before turning"
        remedy = (
            "annotate the picture as viewers show it, or take the orientation out of the file "
            "(exiftool -Orientation= FILE) if that is how it was annotated"
        )
        return PictureFault(what, remedy, f"{detail}, orientation {orientation}")
    if shown == stated[::-1]:
        return PictureFault("height and width are swapped", "swap them in the annotations", detail)
    remedy = "take the version of the picture that was annotated, or correct height and width"
    return PictureFault("of another size than its annotations say", remedy, detail)


def _by(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
