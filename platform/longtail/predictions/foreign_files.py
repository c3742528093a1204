"""Files that hold no result JSON, told by their first bytes, with how to get one.

Nothing of them is read but the head: a pickle is never unpickled.
"""

import gzip
import zipfile
import zlib
from pathlib import Path

from longtail.packed import GZIP_MAGIC, ZIP_MAGIC
from longtail.predictions.detectron2_import import LEGACY_MAGIC
from longtail.problems import BadInputError

HEAD_BYTES = 512
TAR_MAGIC, TAR_PLACE = b"ustar", 257
PICKLE_ENDINGS = (".pkl", ".pickle")
# Pickles of protocol 2 to 5, from Python 2.3 on; older ones are text, here of a list or a dict.
PICKLE_MAGICS = (*(bytes((0x80, protocol)) for protocol in range(2, 6)), b"(lp", b"(dp")
WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")

PICKLE = (
    "a pickle, as mmdetection's `tools/test.py --out` and model zoos write; it is not read, because"
    " unpickling runs any code that a file names. Write JSON instead, with mmdetection 3 by"
    " `tools/test.py CONFIG CHECKPOINT --cfg-options test_evaluator.format_only=True"
    " test_evaluator.outfile_prefix=results`, with mmdetection 2 by `tools/test.py CONFIG"
    " CHECKPOINT --format-only --eval-options jsonfile_prefix=results`, and give results.segm.json"
    " (results.bbox.json for boxes only)"
)
ARRAYS = "NumPy arrays, which have no detections; write the detections as a JSON list"
PACKED = "packed in a way that is not read; unpack it, or pack the one JSON file as .gz or .zip"
KINDS = {
    b"\x93NUMPY": ARRAYS,
    b"PAR1": "a Parquet file; of a prediction store give the folder, else write a JSON list",
    b"\x89HDF": "an HDF5 file; write the detections as a JSON list",
    b"SQLite format 3": "an SQLite database; write the detections as a JSON list",
    b"\x89PNG": "a picture; give the file of results",
    b"\xff\xd8\xff": "a picture; give the file of results",
    b"BZh": PACKED,
    b"\xfd7zXZ": PACKED,
    b"7z\xbc\xaf": PACKED,
    b"\x28\xb5\x2f\xfd": PACKED,
}
BINARY = (
    "a binary file of unknown kind; a result file is a JSON list of detections, plain, .gz or .zip,"
    " or instances_predictions.pth of detectron2"
)


def refuse_foreign(path: Path) -> None:
    """Name a file that is certainly neither a result JSON nor a file of `torch.save`.

    What ends in .pth is left to the reader of those, which does not unpickle either.

    Raises:
        BadInputError: It is one; the message says what it is and what to do.
    """
    if path.suffix == ".pth":
        return
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(ZIP_MAGIC):
        kind = ARRAYS if _holds_arrays(path) else None
    elif head.startswith(GZIP_MAGIC):
        kind = _kind_of(_unpacked_head(path))
    elif head.startswith(LEGACY_MAGIC):
        kind = None
    else:
        kind = PICKLE if path.suffix in PICKLE_ENDINGS else _kind_of(head)
    if kind is not None:
        raise BadInputError(f"{path}: {kind}")


def _kind_of(head: bytes) -> str | None:
    if head.startswith(PICKLE_MAGICS):
        return PICKLE
    if head[TAR_PLACE:].startswith(TAR_MAGIC):
        return PACKED
    for magic, kind in KINDS.items():
        if head.startswith(magic):
            return kind
    return BINARY if b"\0" in head and not head.startswith(WIDE_TEXT) else None


def _unpacked_head(path: Path) -> bytes:
    """What a gzip file begins with; nothing where it is damaged, which its reader says better."""
    try:
        with gzip.open(path) as content:
            return content.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _holds_arrays(path: Path) -> bool:
    """Whether a zip file is one of `numpy.savez`."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)
