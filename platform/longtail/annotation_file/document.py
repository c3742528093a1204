"""An annotation file cut into its lists, which stay JSON until somebody decodes them."""

import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from longtail.problems import BadInputError

Field = Literal["images", "annotations", "categories"]

FORMAT_REMEDY = "an LVIS file is one JSON object with images, annotations and categories"
FIRST_BYTES = {
    b"\xef\xbb\xbf": "it begins with a byte order mark, which stops lvis-api too: save it without",
    b"\x1f\x8b": "it is compressed with gzip: unpack it",
    b"PK\x03\x04": "it is a zip archive: unpack it",
}
"""What a file that is no JSON may begin with, and the remedy."""


class _Lists(msgspec.Struct):
    images: Raw = Raw()
    annotations: Raw = Raw()
    categories: Raw = Raw()


@dataclass(frozen=True, eq=False)
class AnnotationFile:
    """The lists of an LVIS annotation file, not decoded yet.

    Attributes:
        path: The file, for error texts.
    """

    path: Path
    _lists: _Lists

    def has(self, field: Field) -> bool:
        """Whether the key is there; a list without a record counts."""
        return memoryview(getattr(self._lists, field)).nbytes > 0

    @property
    def has_annotations(self) -> bool:
        """False for a test file, which lists images and categories only."""
        return self.has("annotations")

    def text(self, field: Field) -> Raw:
        """A list as JSON.

        Raises:
            BadInputError: The file has no such key.
        """
        if not self.has(field):
            what = f"Object missing required field `{field}`"
            raise BadInputError(f"{self.path}: {what}; {FORMAT_REMEDY}")
        text: Raw = getattr(self._lists, field)
        return text

    def split(self, field: Field) -> list[Raw]:
        """The records of a list, each as JSON.

        Raises:
            BadInputError: The key is missing, or no list.
        """
        records: list[Raw] = self._decode(field, list[Raw])
        return records

    def categories(self) -> list[dict[str, Any]]:
        """The records of `categories`, for `CategoryTable.from_records`.

        Raises:
            BadInputError: The key is missing, or no list of objects.
        """
        records: list[dict[str, Any]] = self._decode("categories", list[dict[str, Any]])
        return records

    def _decode(self, field: Field, wanted: type) -> Any:
        try:
            return msgspec.json.decode(self.text(field), type=wanted)
        except BadInputError:
            raise
        except ValueError as error:
            raise BadInputError(f"{self.path}: {field}: {error}; {FORMAT_REMEDY}") from None


def map_annotation_file(path: Path) -> AnnotationFile:
    """An annotation file over its mapping: memory holds what is decoded, whatever its size.

    Raises:
        BadInputError: It is empty, no JSON, or no object.
    """
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise BadInputError(f"{path}: the file is empty; fetch or write it again")
        return _cut(path, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def load_annotation_file(path: Path) -> AnnotationFile:
    """The same from memory, for records that stay undecoded longer than the file may stay.

    Raises:
        BadInputError: It is empty, no JSON, or no object.
    """
    content = path.read_bytes()
    if not content:
        raise BadInputError(f"{path}: the file is empty; fetch or write it again")
    return _cut(path, content)


def _cut(path: Path, content: mmap.mmap | bytes) -> AnnotationFile:
    try:
        return AnnotationFile(path, msgspec.json.decode(content, type=_Lists))
    except msgspec.ValidationError as error:
        raise BadInputError(f"{path}: {error}; {FORMAT_REMEDY}") from None
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: {_locate(content, str(error))}") from None
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: not UTF-8: {error}; write the file again") from None
    except RecursionError:
        raise BadInputError(f"{path}: lists nested too deeply; {FORMAT_REMEDY}") from None


def _locate(content: mmap.mmap | bytes, error: str) -> str:
    """The fault of a JSON text with its line and what stands there."""
    byte = re.search(r"\(byte (\d+)\)", error)
    if byte is None:
        return f"not JSON: {error}; the file is cut off, fetch or write it again"
    position = int(byte[1])
    line = content[:position].count(b"\n") + 1
    excerpt = content[max(position - 20, 0) : position + 20].decode(errors="replace")
    if re.match(rb"-?(NaN|Infinity)", content[position : position + 9]):
        return f"line {line}, near {excerpt!r}: NaN and Infinity are no JSON; write a number"
    remedies = [text for first, text in FIRST_BYTES.items() if content[: len(first)] == first]
    remedy = (*remedies, "write the file again")[0]
    return f"not JSON: {error}, line {line}, near {excerpt!r}; {remedy}"
