"""The records of a result JSON, block by block, however large the file is.

The top-level list is cut at its commas by a scanner that knows only strings and brackets, so it
needs no order of keys and no layout. What lies between two commas is decoded elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.packed import open_unpacked
from longtail.problems import BadInputError

BLOCK_BYTES = 16 * 2**20
MAX_RECORD_BYTES = 64 * 2**20
MAX_DEPTH = 32
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")

OPEN, CLOSED, TOO_DEEP = range(3)
QUOTE, BACKSLASH, COMMA = ord('"'), ord("\\"), ord(",")
BRACKET_OPENS, BRACKET_CLOSES, BRACE_OPENS, BRACE_CLOSES = map(ord, "[]{}")


@dataclass(frozen=True)
class RecordBlock:
    """Some consecutive records of a file, still as text.

    Attributes:
        first: Index in the file of the first record.
        text: The records, each with the comma or the list's closing bracket behind it; and what
            else was read of the file, such as the beginning of the next record.
        ends: Where each record ends in `text`: the position of that comma or bracket.
        file_position: Bytes of the file (compressed, if it is) read so far.
    """

    first: int
    text: bytes
    ends: NDArray[np.int64]
    file_position: int

    def record(self, row: int) -> bytes:
        """The text of one record."""
        start = self.ends[row - 1] + 1 if row else 0
        return self.text[start : self.ends[row]]


def read_blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[RecordBlock]:
    """Cut a JSON list of records into blocks of about `block_bytes`.

    Args:
        path: The file, plain, gzip or zip, told apart by its first bytes.
        block_bytes: Bytes read at a time; a block may be larger by one record.

    Raises:
        BadInputError: The file is no JSON list, ends early, or a record is beyond any sense.
    """
    with path.open("rb") as raw, open_unpacked(raw, path) as file:
        for first, text, ends in _cut(file, path, block_bytes):
            yield RecordBlock(first, text, ends, raw.tell())


def _cut(
    file: IO[bytes], path: Path, block_bytes: int
) -> Iterator[tuple[int, bytes, NDArray[np.int64]]]:
    """Index of the first record, text and ends of each block."""
    data = _skip_opening(file, path)
    state = np.array([1, 0, 0], dtype=np.int64)
    first = num_scanned = 0
    while True:
        ends, status = _scan(data, num_scanned, state)
        if status == TOO_DEEP:
            raise _absurd(path, first + len(ends), f"is nested more than {MAX_DEPTH} deep")
        # A list that holds nothing but white space has no record.
        is_empty = status == CLOSED and first + len(ends) == 1 and not data[: ends[0]].strip()
        if len(ends) and not is_empty:
            yield first, data, ends
        if status == CLOSED:
            _expect_end(file, data[ends[-1] + 1 :], path)
            return
        first += len(ends)
        rest = data[ends[-1] + 1 :] if len(ends) else data
        if len(rest) > MAX_RECORD_BYTES:
            raise _absurd(path, first, f"is longer than {MAX_RECORD_BYTES // 2**20} MB")
        chunk = file.read(block_bytes)
        if not chunk:
            raise BadInputError(
                f"{path}: the file ends inside record {first}; it is truncated, write it again"
            )
        data, num_scanned = rest + chunk, len(rest)


def _absurd(path: Path, record: int, what: str) -> BadInputError:
    return BadInputError(f"{path}: record {record} {what}; no detection is: check what wrote it")


def has_byte_order_mark(path: Path) -> bool:
    """Whether a file, unpacked, begins with one; it is read past here, and by few others."""
    with path.open("rb") as raw, open_unpacked(raw, path) as file:
        return file.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK


def _skip_opening(file: IO[bytes], path: Path) -> bytes:
    """Read to behind the list's opening bracket; return what was read too much."""
    head = file.read(len(BYTE_ORDER_MARK))
    if head.startswith(UTF_16_MARKS):
        raise BadInputError(f"{path}: UTF-16, as PowerShell's > writes; save it as UTF-8")
    head = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    while not head:
        head = file.read(4096)
        if not head:
            raise BadInputError(f"{path}: the file is empty; a JSON list of detections is needed")
        head = head.lstrip()
    if not head.startswith(b"["):
        found = "an object" if head.startswith(b"{") else f"{head[:10]!r}"
        raise BadInputError(
            f"{path}: the top level is {found}, not a list; a result file is a JSON list of "
            '{"image_id", "category_id", "score", "segmentation" and/or "bbox"}, also where each '
            "record has a line of its own"
        )
    return head[1:]


def _expect_end(file: IO[bytes], after: bytes, path: Path) -> None:
    while not after.strip():
        # Reading on to the end also lets gzip and zip compare their check sums.
        after = file.read(BLOCK_BYTES)
        if not after:
            return
    raise BadInputError(
        f"{path}: something follows the list of detections: {after.strip()[:20]!r}; the file must "
        "hold one list"
    )


def _scan(data: bytes, start: int, state: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    # One position per byte is the most there can be; pages nobody writes to cost nothing.
    ends = np.empty(len(data), dtype=np.int64)
    num_ends, status = _scan_kernel(np.frombuffer(data, dtype=np.uint8), start, state, ends)
    return ends[:num_ends], status


@njit(cache=True, nogil=True)
def _scan_kernel(
    data: NDArray[np.uint8], start: int, state: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[int, int]:
    """Find the ends of records from `start` on.

    Args:
        data: (B,) bytes.
        start: First byte that was not scanned yet.
        state: (3,) depth, inside a string, behind a backslash; carried from call to call.
        ends: (B,) takes the positions of commas at depth 1, and of the list's closing bracket.

    Returns:
        How many positions were found; OPEN, CLOSED or TOO_DEEP.
    """
    depth, in_string, escaped = state[0], state[1], state[2]
    num_ends = 0
    for i in range(start, len(data)):
        byte = data[i]
        if in_string:
            if escaped:
                escaped = 0
            elif byte == BACKSLASH:
                escaped = 1
            elif byte == QUOTE:
                in_string = 0
        elif byte == QUOTE:
            in_string = 1
        elif byte == BRACKET_OPENS or byte == BRACE_OPENS:
            depth += 1
            if depth > MAX_DEPTH:
                return num_ends, TOO_DEEP
        elif byte == BRACKET_CLOSES or byte == BRACE_CLOSES:
            depth -= 1
            if depth == 0:
                ends[num_ends] = i
                return num_ends + 1, CLOSED
        elif byte == COMMA and depth == 1:
            ends[num_ends] = i
            num_ends += 1
    state[0], state[1], state[2] = depth, in_string, escaped
    return num_ends, OPEN
