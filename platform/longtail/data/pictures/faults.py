"""What can be wrong with a picture file, in the words that check, preflight and loader share."""

from pathlib import Path
from typing import NamedTuple

from longtail.problems import BadInputError

FETCH = "copy or download it again"
GIT_LFS = b"version https://git-lfs"
HEIF_BRANDS = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1")
FIRST_BYTES = 512


class PictureFault(NamedTuple):
    """What keeps a picture from being used.

    Attributes:
        what: The kind of fault, the same text for all pictures that have it.
        remedy: What its owner can do.
        detail: What is particular to this one; "" where nothing is.
    """

    what: str
    remedy: str
    detail: str = ""


class BadPictureError(BadInputError):
    """A picture that cannot be used.

    Attributes:
        path: The file.
        fault: Why.
    """

    def __init__(self, path: Path, fault: PictureFault) -> None:
        detail = f" ({fault.detail})" if fault.detail else ""
        super().__init__(f"{path}: {fault.what}{detail}; {fault.remedy}")
        self.path, self.fault = path, fault

    def __reduce__(self) -> tuple[type["BadPictureError"], tuple[Path, PictureFault]]:
        # Loader processes send it; an exception is otherwise made again from its text.
        return BadPictureError, (self.path, self.fault)


MISSING = PictureFault("no such image file", "check the image folder")
TRUNCATED = PictureFault("cannot be decoded: the file is cut off", FETCH)


def undecodable(error: Exception) -> PictureFault:
    """What Pillow's error says of a file that it knows; of the system's errors, what they say."""
    if isinstance(error, OSError) and error.errno is not None:
        remedy = "see that the file may be read, and that the storage is well"
        return PictureFault("cannot be read", remedy, error.strerror or "")
    if "truncated" in str(error).lower():
        return TRUNCATED
    return PictureFault("cannot be decoded", FETCH, str(error))


def fault_of_contents(path: Path) -> PictureFault:
    """What a file holds that is no picture Pillow knows, told by how it begins."""
    with path.open("rb") as file:
        first = file.read(FIRST_BYTES)
    text = first.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not first:
        return _no_picture("an empty file", FETCH)
    if first.startswith(GIT_LFS):
        return _no_picture("a Git LFS pointer", "fetch the pictures with git lfs pull")
    if first[4:12] in HEIF_BRANDS:
        return _no_picture("HEIF, which Pillow does not read", "save it as JPEG or PNG")
    if text.startswith((b"<svg", b"<?xml")):
        return _no_picture("XML or SVG", "save it as JPEG or PNG")
    if text.startswith((b"<!doctype html", b"<html")):
        return _no_picture("HTML, an error page perhaps", FETCH)
    if text.startswith((b"{", b"[")) or (first.isascii() and b"\0" not in first):
        return _no_picture("text", FETCH)
    remedy = f"{FETCH}, or save it as JPEG or PNG with 8 bits a channel"
    return _no_picture("damaged, or of a kind that Pillow does not read", remedy)


def _no_picture(content: str, remedy: str) -> PictureFault:
    return PictureFault(f"cannot be decoded: no picture, but {content}", remedy)
