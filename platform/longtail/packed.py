"""JSON packed as .gz or .zip: read as a stream, told apart by its first bytes.

What is written has the same bytes at any time of day: no file time, no name of the machine.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from longtail.problems import BadInputError

GZIP_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"PK"
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
COMPRESSION_LEVEL = 6


@contextmanager
def open_unpacked(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    """The content of a file, unpacked as it is read.

    Args:
        raw: The open file, at its start.
        path: Its path, for the error text.

    Raises:
        BadInputError: The packing is damaged (here, or while the content is read), or a .zip
            holds anything but one file.
    """
    magic = raw.read(2)
    raw.seek(0)
    try:
        if magic == GZIP_MAGIC:
            with gzip.open(raw) as content:
                yield content  # type: ignore[misc]
        elif magic == ZIP_MAGIC:
            with zipfile.ZipFile(raw) as archive:
                with archive.open(_only_member(archive, path)) as member:
                    yield member
        else:
            yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        kind = "gzip" if magic == GZIP_MAGIC else "zip"
        raise BadInputError(f"{path}: damaged {kind} ({error}); fetch it again") from None
    except BadInputError:
        raise
    except (zipfile.BadZipFile, RuntimeError, ValueError, OSError) as error:
        # A password is a RuntimeError, a name that is no text a ValueError, a place before the
        # start of the file an OSError.
        if magic != ZIP_MAGIC:
            raise
        raise BadInputError(f"{path}: unusable zip ({error}); pack the one file again") from None


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so is a .gz or a .zip."""
    return head.startswith((GZIP_MAGIC, ZIP_MAGIC))


@contextmanager
def create_packed(partial: Path, name: str) -> Iterator[IO[bytes]]:
    """A new file that packs what is written to it.

    Args:
        partial: Where it is written.
        name: What it will be called; its ending chooses .zip, .gz or plain.
    """
    with partial.open("wb") as raw:
        if name.endswith(".gz"):
            with gzip.GzipFile("", "wb", COMPRESSION_LEVEL, raw, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        elif name.endswith(".zip"):
            member = zipfile.ZipInfo(name.removesuffix(".zip").removesuffix(".json") + ".json")
            member.date_time, member.compress_type = ZIP_DATE, zipfile.ZIP_DEFLATED
            with (
                zipfile.ZipFile(raw, "w", compresslevel=COMPRESSION_LEVEL) as archive,
                archive.open(member, "w", force_zip64=True) as content,
            ):
                yield content
        else:
            yield raw


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    # macOS adds a folder of its own.
    members = [member for member in members if not member.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        raise BadInputError(
            f"{path}: the zip holds {len(members)} files, and one JSON file is read; pack that one"
            " alone, or unpack it"
        )
    if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadInputError(f"{path}: packed in an unusual way; pack it with the usual deflate")
    return members[0]
