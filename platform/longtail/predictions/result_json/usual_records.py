"""Records as most programs write them, read from text into columns by compiled code.

A usual record has the keys of result JSON, each once and in any order, whole numbers for ids and
sizes, a box of four numbers, and compressed run lengths in printable ASCII; null or an empty list
for a box or mask that is not there. Other keys may have numbers, such as `id` and `area`, which are
passed over. Whatever else there may be, legal or not, is left to the careful reader of
`json_records`, which gives the same values for what is read here.

The kernels trust that a comma or bracket stands behind each record, where `json_stream` found it:
no number, key or string runs past it.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.predictions.result_json.columns import COMPRESSED, NO_MASK, RecordColumns
from longtail.predictions.result_json.decimal_numbers import UNREAD, read_decimal, read_integer
from longtail.predictions.result_json.stream import RecordBlock

QUOTE, BACKSLASH, COMMA, COLON, SPACE, TILDE = map(ord, '"\\,: ~')
BRACKET_OPENS, BRACKET_CLOSES, BRACE_OPENS, BRACE_CLOSES = map(ord, "[]{}")
TAB, LINE_FEED, CARRIAGE_RETURN = map(ord, "\t\n\r")

UNKNOWN = 0
IMAGE_ID, CATEGORY_ID, SCORE, BBOX, SEGMENTATION, SIZE, COUNTS, OTHER = (1 << i for i in range(8))
KEYS_OF_RECORD = IMAGE_ID | CATEGORY_ID | SCORE | BBOX | SEGMENTATION | OTHER
REQUIRED = IMAGE_ID | CATEGORY_ID | SCORE
KEYS_OF_MASK = SIZE | COUNTS
NAMES = ("image_id", "category_id", "score", "bbox", "segmentation", "size", "counts")
IMAGE_ID_KEY, CATEGORY_ID_KEY, SCORE_KEY, BBOX_KEY, SEGMENTATION_KEY, SIZE_KEY, COUNTS_KEY = (
    np.frombuffer(f'"{name}"'.encode(), dtype=np.uint8) for name in NAMES
)
NULL = np.frombuffer(b"null", dtype=np.uint8)


class Box(NamedTuple):
    """A box of a record; NaN in one without."""

    x: float
    y: float
    width: float
    height: float


class Mask(NamedTuple):
    """The size that a mask claims, and where its string ends among those of all records."""

    height: np.int64
    width: np.int64
    end: int


class Values(NamedTuple):
    """The values of a record, and its keys; no key stands for a record that is left to others.

    The keys `empty` are there without a value.
    """

    keys: int
    empty: int
    image_id: np.int64
    category_id: np.int64
    score: float
    box: Box
    mask: Mask


NO_BOX = Box(np.nan, np.nan, np.nan, np.nan)


def read_usual(block: RecordBlock) -> tuple[RecordColumns, NDArray[np.bool_]]:
    """The usual records of M, in their order; and (M,) which of the M they are."""
    num = len(block.ends)
    keys, empty = np.empty((2, num), dtype=np.uint8)
    ids = np.empty((2, num), dtype=np.int64)
    score, boxes = np.empty(num), np.empty((num, 4))
    sizes = np.empty((num, 2), dtype=np.int64)
    # No string is longer than the text; pages nobody writes to cost nothing.
    counts = np.empty(len(block.text), dtype=np.uint8)
    offsets = np.zeros(num + 1, dtype=np.int64)
    data = np.frombuffer(block.text, dtype=np.uint8)
    _read_records(data, block.ends, keys, empty, ids, score, boxes, sizes, counts, offsets)
    usual = keys != 0
    columns = RecordColumns(
        image_id=ids[0],
        category_id=ids[1],
        score=score,
        boxes=boxes,
        has_box=(keys & ~empty & BBOX) > 0,
        empty_box=(empty & BBOX) > 0,
        form=np.where(keys & ~empty & SEGMENTATION, COMPRESSED, NO_MASK).astype(np.uint8),
        sizes=sizes,
        counts=counts[: offsets[-1]],
        offsets=offsets,
    )
    return columns if usual.all() else columns.take(np.flatnonzero(usual)), usual


@njit(cache=True, nogil=True)
def _read_records(
    data: NDArray[np.uint8],
    ends: NDArray[np.int64],
    keys: NDArray[np.uint8],
    empty: NDArray[np.uint8],
    ids: NDArray[np.int64],
    score: NDArray[np.float64],
    boxes: NDArray[np.float64],
    sizes: NDArray[np.int64],
    counts: NDArray[np.uint8],
    offsets: NDArray[np.int64],
) -> None:
    """Read what records are usual.

    Args:
        data: The text of M records.
        ends: (M,) where each ends.
        keys: (M,) takes the keys of each record, 0 where it is left to others.
        empty: (M,) takes those of them that have no value.
        ids: (2, M) takes image and category.
        score: (M,).
        boxes: (M, 4).
        sizes: (M, 2).
        counts: Takes the strings without JSON's escapes; as long as `data`.
        offsets: (M + 1,) takes where each string ends; the first one is 0.
    """
    start = 0
    for row in range(len(ends)):
        read = _read_record(data, start, ends[row], counts, offsets[row])
        keys[row], empty[row], score[row] = read.keys, read.empty, read.score
        ids[0, row], ids[1, row] = read.image_id, read.category_id
        boxes[row, 0], boxes[row, 1] = read.box.x, read.box.y
        boxes[row, 2], boxes[row, 3] = read.box.width, read.box.height
        sizes[row, 0], sizes[row, 1] = read.mask.height, read.mask.width
        offsets[row + 1] = read.mask.end if read.keys else offsets[row]
        start = ends[row] + 1


@njit(nogil=True)
def _read_record(
    data: NDArray[np.uint8], start: int, end: int, counts: NDArray[np.uint8], counts_end: int
) -> Values:
    image_id = category_id = np.int64(0)
    no_mask = Mask(image_id, image_id, counts_end)
    score, box, mask = np.float64(0.0), NO_BOX, no_mask
    nothing = Values(0, 0, image_id, category_id, score, box, no_mask)
    position = _skip_space(data, start)
    if data[position] != BRACE_OPENS:
        return nothing
    keys = empty = 0
    while True:
        key, position = _read_key(data, position + 1)
        if not key & KEYS_OF_RECORD or key & keys:
            return nothing
        keys |= key & ~OTHER
        behind = _behind_nothing(data, position) if key & (BBOX | SEGMENTATION) else UNREAD
        # Each reader is called once, because every call is compiled anew.
        if key & (IMAGE_ID | CATEGORY_ID):
            whole, position = read_integer(data, position)
            if key == IMAGE_ID:
                image_id = whole
            else:
                category_id = whole
        elif key & (SCORE | OTHER):
            number, position = read_decimal(data, position)
            if key == SCORE:
                score = number
        elif behind != UNREAD:
            empty |= key
            position = behind
        elif key == BBOX:
            box, position = _read_box(data, position)
        else:
            mask, position = _read_mask(data, position, counts, counts_end)
        if position == UNREAD:
            return nothing
        position = _skip_space(data, position)
        if data[position] != COMMA:
            break
    if data[position] != BRACE_CLOSES or _skip_space(data, position + 1) != end:
        return nothing
    if keys & REQUIRED != REQUIRED:
        return nothing
    return Values(keys, empty, image_id, category_id, score, box, mask)


@njit(nogil=True)
def _behind_nothing(data: NDArray[np.uint8], start: int) -> int:
    """The position behind null or an empty list, `UNREAD` for anything else."""
    if _stands_at(data, start, NULL):
        return start + len(NULL)
    if data[start] != BRACKET_OPENS:
        return UNREAD
    position = _skip_space(data, start + 1)
    return position + 1 if data[position] == BRACKET_CLOSES else UNREAD


@njit(nogil=True)
def _read_box(data: NDArray[np.uint8], start: int) -> tuple[Box, int]:
    if data[start] != BRACKET_OPENS:
        return NO_BOX, UNREAD
    x = y = width = height = np.float64(0.0)
    position = start + 1
    for side in range(4):
        x, y, width = y, width, height
        height, position = _read_item(data, position, COMMA if side < 3 else BRACKET_CLOSES)
    return Box(x, y, width, height), position


@njit(nogil=True)
def _read_item(data: NDArray[np.uint8], start: int, closing: int) -> tuple[np.float64, int]:
    """A number of a list and the position behind the character that must follow it."""
    if start == UNREAD:
        return np.float64(0.0), UNREAD
    value, position = read_decimal(data, _skip_space(data, start))
    if position == UNREAD:
        return value, UNREAD
    position = _skip_space(data, position)
    return value, position + 1 if data[position] == closing else UNREAD


@njit(nogil=True)
def _read_mask(
    data: NDArray[np.uint8], start: int, counts: NDArray[np.uint8], counts_end: int
) -> tuple[Mask, int]:
    height = width = np.int64(0)
    end = counts_end
    if data[start] != BRACE_OPENS:
        return Mask(height, width, end), UNREAD
    position, keys = start, 0
    while True:
        key, position = _read_key(data, position + 1)
        if not key & KEYS_OF_MASK or key & keys:
            return Mask(height, width, end), UNREAD
        keys |= key
        if key == SIZE:
            height, width, position = _read_size(data, position)
        else:
            end, position = _read_string(data, position, counts, counts_end)
        if position == UNREAD:
            return Mask(height, width, end), UNREAD
        position = _skip_space(data, position)
        if data[position] != COMMA:
            break
    is_whole = data[position] == BRACE_CLOSES and keys == KEYS_OF_MASK
    return Mask(height, width, end), position + 1 if is_whole else UNREAD


@njit(nogil=True)
def _read_size(data: NDArray[np.uint8], start: int) -> tuple[np.int64, np.int64, int]:
    height = width = np.int64(0)
    if data[start] != BRACKET_OPENS:
        return height, width, UNREAD
    position = start
    for side in range(2):
        height = width
        width, position = read_integer(data, _skip_space(data, position + 1))
        if position == UNREAD:
            return height, width, UNREAD
        position = _skip_space(data, position)
        if data[position] != (COMMA if side < 1 else BRACKET_CLOSES):
            return height, width, UNREAD
    return height, width, position + 1


@njit(nogil=True)
def _read_string(
    data: NDArray[np.uint8], start: int, counts: NDArray[np.uint8], counts_end: int
) -> tuple[int, int]:
    """Append a string to the counts; the one escape that run lengths need is a backslash's."""
    if data[start] != QUOTE:
        return counts_end, UNREAD
    end = counts_end
    is_escaped = False
    position = start + 1
    for position in range(start + 1, len(data)):
        byte = data[position]
        if byte == QUOTE and not is_escaped:
            break
        if is_escaped and byte != BACKSLASH:
            return counts_end, UNREAD
        is_escaped = byte == BACKSLASH and not is_escaped
        if byte < SPACE or byte > TILDE:
            return counts_end, UNREAD
        if not is_escaped:
            # An unsigned index spares the compiled code to ask whether it counts from the end.
            counts[np.uint64(end)] = byte
            end += 1
    return end, position + 1


@njit(nogil=True)
def _read_key(data: NDArray[np.uint8], start: int) -> tuple[int, int]:
    """A key and the position of its value, white space left out; `UNKNOWN` for what is no key."""
    position = _skip_space(data, start)
    key, length = _key_at(data, position)
    position = _skip_space(data, position + length)
    if data[position] != COLON:
        return UNKNOWN, position
    return key, _skip_space(data, position + 1)


@njit(nogil=True)
def _key_at(data: NDArray[np.uint8], start: int) -> tuple[int, int]:
    if _stands_at(data, start, IMAGE_ID_KEY):
        return IMAGE_ID, len(IMAGE_ID_KEY)
    if _stands_at(data, start, CATEGORY_ID_KEY):
        return CATEGORY_ID, len(CATEGORY_ID_KEY)
    if _stands_at(data, start, SCORE_KEY):
        return SCORE, len(SCORE_KEY)
    if _stands_at(data, start, BBOX_KEY):
        return BBOX, len(BBOX_KEY)
    if _stands_at(data, start, SEGMENTATION_KEY):
        return SEGMENTATION, len(SEGMENTATION_KEY)
    if _stands_at(data, start, SIZE_KEY):
        return SIZE, len(SIZE_KEY)
    if _stands_at(data, start, COUNTS_KEY):
        return COUNTS, len(COUNTS_KEY)
    return _other_key_at(data, start)


@njit(nogil=True)
def _other_key_at(data: NDArray[np.uint8], start: int) -> tuple[int, int]:
    """Any other key of printable ASCII; with an escape it might be one of ours."""
    if data[start] != QUOTE:
        return UNKNOWN, 0
    position = start + 1
    while data[position] != QUOTE:
        if data[position] == BACKSLASH or not SPACE <= data[position] <= TILDE:
            return UNKNOWN, 0
        position += 1
    return OTHER, position + 1 - start


@njit(nogil=True)
def _stands_at(data: NDArray[np.uint8], start: int, key: NDArray[np.uint8]) -> bool:
    for i in range(len(key)):
        if data[start + i] != key[i]:
            return False
    return True


@njit(nogil=True)
def _skip_space(data: NDArray[np.uint8], start: int) -> int:
    position = start
    while _is_space(data[position]):
        position += 1
    return position


@njit(nogil=True)
def _is_space(byte: int) -> bool:
    return byte == SPACE or byte == LINE_FEED or byte == TAB or byte == CARRIAGE_RETURN
