"""An annotation file cut into its lists, which stay JSON until somebody decodes them."""

import mmap
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
from msgspec import Raw

from longtail.annotation_file.whole_numbers import with_whole_numbers
from longtail.packed import is_packed, open_unpacked
from longtail.problems import BadInputError, ProblemReport

Field = Literal["images", "annotations", "categories"]
FIELDS: tuple[Field, ...] = get_args(Field)

FORMAT_REMEDY = "an LVIS file is one JSON object with images, annotations and categories"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
"""What Python's `json` writes and reads, though JSON has no such numbers: read here as texts."""
NO_NUMBER = re.compile(rb"NaN|-?Infinity")
TEXT_OR_NO_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|NaN|-?Infinity', re.DOTALL)


@dataclass(frozen=True, eq=False)
class AnnotationFile:
    """The lists of an LVIS annotation file, not decoded yet.

    Attributes:
        path: The file, for error texts.
    """

    path: Path
    _lists: Mapping[str, Raw]

    def has(self, field: Field) -> bool:
        """Whether the key is there; a list without a record counts."""
        return field in self._lists

    @property
    def has_annotations(self) -> bool:
        """False for a test file, which lists images and categories only."""
        return self.has("annotations")

    def misspelt(self, field: Field) -> str | None:
        """A key that seems to be meant by a list that is not there; None without one."""
        if self.has(field):
            return None
        of_case = {key.lower(): key for key in self._lists if key not in FIELDS}
        near = get_close_matches(field, of_case, n=1, cutoff=0.75)
        return of_case[near[0]] if near else None

    def report_misspelt(self, report: ProblemReport) -> None:
        """Warn of keys that seem to be misspelt."""
        for field in FIELDS:
            if key := self.misspelt(field):
                what = f"missing, and the file has {key!r}, which nothing reads"
                report.warning(field, what, [f"the key {key!r}"], f"write it {field!r}")

    def text(self, field: Field) -> Raw:
        """A list as JSON.

        Raises:
            BadInputError: The file has no such key.
        """
        if not self.has(field):
            what = f"Object missing required field `{field}`"
            key = self.misspelt(field)
            remedy = f"it has {key!r}: write {field!r}" if key else FORMAT_REMEDY
            raise BadInputError(f"{self.path}: {what}; {remedy}")
        return self._lists[field]

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
        return [with_whole_numbers(record) for record in records]

    def _decode(self, field: Field, wanted: type) -> Any:
        try:
            return msgspec.json.decode(self.text(field), type=wanted)
        except BadInputError:
            raise
        except ValueError as error:
            raise BadInputError(f"{self.path}: {field}: {error}; {FORMAT_REMEDY}") from None


def map_annotation_file(path: Path) -> AnnotationFile:
    """An annotation file over its mapping: memory holds what is decoded, whatever its size.

    One that is packed as .gz or .zip is unpacked into memory. A byte order mark is passed over.

    Raises:
        BadInputError: It is empty, no JSON, or no object, or its packing is damaged.
    """
    return AnnotationFile(path, _cut(path, read_json_text(path)))


def read_json_text(path: Path) -> memoryview:
    """The text of a JSON file: mapped, or unpacked if it is packed; without a byte order mark.

    Raises:
        BadInputError: It is empty, or its packing is damaged.
    """
    with path.open("rb") as raw:
        packed = is_packed(raw.peek(2))
        if packed:
            with open_unpacked(raw, path) as content:
                text = memoryview(content.read())
        elif path.stat().st_size:
            text = memoryview(mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ))
        else:
            text = memoryview(b"")
    text = text[len(BYTE_ORDER_MARK) :] if text[:3] == BYTE_ORDER_MARK else text
    if not text:
        raise BadInputError(f"{path}: the file is empty; fetch or write it again")
    if bytes(text[:2]) in UTF_16_MARKS:
        raise BadInputError(f"{path}: UTF-16, as PowerShell's > writes; save it as UTF-8")
    return text


def _cut(path: Path, text: memoryview | bytes, *, mends: bool = True) -> dict[str, Raw]:
    try:
        return msgspec.json.decode(text, type=dict[str, Raw])
    except msgspec.ValidationError as error:
        raise BadInputError(f"{path}: {error}; {FORMAT_REMEDY}") from None
    except msgspec.DecodeError as error:
        position = _position(error)
        if mends and position is not None and NO_NUMBER.match(text[position : position + 9]):
            return _cut(path, _with_texts_for_no_numbers(text), mends=False)
        raise BadInputError(f"{path}: {_locate(text, str(error), position)}") from None
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: not UTF-8: {error}; write the file again") from None
    except RecursionError:
        raise BadInputError(f"{path}: lists nested too deeply; {FORMAT_REMEDY}") from None


def _with_texts_for_no_numbers(text: memoryview | bytes) -> bytes:
    """The same with NaN and Infinity in quotes: the record that has one can then be named."""

    def quoted(match: re.Match[bytes]) -> bytes:
        found = match[0]
        return found if found.startswith(b'"') else b'"%s"' % found

    return TEXT_OR_NO_NUMBER.sub(quoted, text)


def _position(error: msgspec.DecodeError) -> int | None:
    byte = re.search(r"\(byte (\d+)\)", str(error))
    return int(byte[1]) if byte else None


def _locate(text: memoryview | bytes, error: str, position: int | None) -> str:
    """The fault of a JSON text with its line and what stands there."""
    if position is None:
        return f"not JSON: {error}; the file is cut off, fetch or write it again"
    line = bytes(text[:position]).count(b"\n") + 1
    excerpt = bytes(text[max(position - 20, 0) : position + 20]).decode(errors="replace")
    return f"not JSON: {error}, line {line}, near {excerpt!r}; write the file again"
