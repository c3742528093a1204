"""Pickles of plain values, read without running anything that they name.

Unpickling a file runs whatever function it names, and a few bytes can make Python's reader ask for
gigabytes. So every operation is looked at first: only those that make lists, dicts, texts and
numbers may occur (no tuples: deep ones overflow the stack as keys), nothing but short texts may be
used twice, and remembered values must be numbered one by one. What passes takes at most about 100
bytes of memory for a byte of the file.
"""

import gc
import pickle
import pickletools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.problems import BadInputError

# Keys of dicts are remembered and referred to. A reference to anything longer, or to a container,
# could make a small file stand for any number of records.
MAX_SHARED_TEXT = 32

WHOLE, TRUNCATED, FOREIGN, SHARED, MISNUMBERED = range(5)
PUT, GET, COUNTED, OTHER = range(4)

# What the names in pickles of detectron2's users stand for, by their first module.
KINDS = {
    "torch": "a tensor, as in model weights and box proposals",
    "detectron2": "an object of detectron2, as in box proposals",
    "numpy": "a NumPy value",
    "_codecs": "bytes",
}
REMEDY = (
    "give the instances_predictions.pth or the *_instances_results.json of detectron2's evaluator; "
    "if another evaluator wrote this file, let it write lists, texts and Python numbers only "
    "(.tolist(), .decode())"
)


def check_plain(data: bytes, start: int, file: str) -> int:
    """Check that a pickle of protocol 2 or 3 makes plain values only.

    Args:
        data: Bytes that hold the pickle.
        start: Where it begins.
        file: Name of the file, for the error text.

    Returns:
        Where it ends.

    Raises:
        BadInputError: It ends early, names anything to be called, or uses a value twice.
    """
    # One remembered value takes two bytes or more; pages nobody writes to cost nothing.
    is_key = np.zeros(len(data) // 2 + 1, dtype=np.bool_)
    position, status = _scan(np.frombuffer(data, np.uint8), start, _WIDTHS, _ROLES, is_key)
    if status == WHOLE:
        return position
    if status == TRUNCATED:
        raise BadInputError(
            f"{file}: the pickle ends early, at byte {position}; the file is truncated: copy or "
            "write it again"
        )
    if status == FOREIGN:
        raise BadInputError(
            f"{file}: holds {_name(data, position)} at byte {position} of its pickle; only lists, "
            f"dicts, texts and numbers are read, as others could run code; {REMEDY}"
        )
    what = "is used in several places" if status == SHARED else "is numbered out of turn"
    raise BadInputError(
        f"{file}: a value {what}, at byte {position} of the pickle, which detectron2's evaluators "
        "do not do; write the records to a JSON file instead, or the same file with "
        "json.loads(json.dumps(predictions))"
    )


def load_plain(data: bytes, start: int, file: str) -> Any:
    """The value of a pickle that `check_plain` finds sound.

    Raises:
        BadInputError: It is not sound, or its operations make no sense.
    """
    end = check_plain(data, start, file)
    try:
        with _no_garbage_collection():
            return pickle.loads(memoryview(data)[start:end])
    except (pickle.UnpicklingError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadInputError(
            f"{file}: damaged pickle ({error}); copy or write the file again"
        ) from None


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of new containers would be searched for circles again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _name(data: bytes, position: int) -> str:
    """What an operation that is not allowed would bring in."""
    if data[position : position + 1] != pickle.GLOBAL:
        names = {operation.code: operation.name for operation in pickletools.opcodes}
        name = names.get(chr(data[position]))
        return f"the operation {name}" if name else "an unknown operation"
    words = data[position + 1 : position + 200].split(b"\n")[:2]
    name = ".".join(word.decode("ascii", "replace") for word in words)
    kind = KINDS.get(name.partition(".")[0], "an object")
    return f"{name!r} ({kind})"


def _table(default: int, values: dict[int, bytes]) -> NDArray[np.int64]:
    """(256,) number of each operation's byte; `values` holds the bytes by their number."""
    table = np.full(256, default, dtype=np.int64)
    for number, codes in values.items():
        table[list(codes)] = number
    return table


# Bytes of the argument of each operation that is allowed.
_WIDTHS = _table(
    -1,
    {
        0: (
            (pickle.MARK + pickle.STOP + pickle.NONE + pickle.NEWTRUE + pickle.NEWFALSE)
            + (pickle.EMPTY_LIST + pickle.APPEND + pickle.APPENDS)
            + (pickle.EMPTY_DICT + pickle.SETITEM + pickle.SETITEMS)
        ),
        1: pickle.PROTO + pickle.BININT1 + pickle.LONG1 + pickle.BINPUT + pickle.BINGET,
        2: pickle.BININT2,
        4: pickle.BININT + pickle.BINUNICODE + pickle.LONG_BINPUT + pickle.LONG_BINGET,
        8: pickle.BINFLOAT,
    },
)
_ROLES = _table(
    OTHER,
    {
        PUT: pickle.BINPUT + pickle.LONG_BINPUT,
        GET: pickle.BINGET + pickle.LONG_BINGET,
        COUNTED: pickle.BINUNICODE + pickle.LONG1,
    },
)
_STOP, _TEXT = pickle.STOP[0], pickle.BINUNICODE[0]


@njit(cache=True, nogil=True)
def _scan(
    data: NDArray[np.uint8],
    start: int,
    widths: NDArray[np.int64],
    roles: NDArray[np.int64],
    is_key: NDArray[np.bool_],
) -> tuple[int, int]:
    """Walk over the operations of a pickle.

    Args:
        data: (B,) bytes.
        start: Where the pickle begins.
        widths: (256,) argument bytes of each operation, -1 for those that are not allowed.
        roles: (256,) PUT, GET, COUNTED (its argument counts the bytes behind it) or OTHER.
        is_key: (B / 2 + 1,) takes whether each remembered value is a short text.

    Returns:
        The end and WHOLE, or where something else was found.
    """
    position = start
    num_remembered = 0
    last_is_key = False
    while position < len(data):
        operation = data[position]
        width, role = widths[operation], roles[operation]
        if width < 0:
            return position, FOREIGN
        end = position + 1 + width
        if end > len(data):
            return position, TRUNCATED
        argument = 0
        for i in range(position + min(width, 4), position, -1):
            argument = 256 * argument + data[i]
        if role == COUNTED:
            if argument > len(data) - end:
                return position, TRUNCATED
            end += argument
        elif role == PUT:
            if argument != num_remembered:
                return position, MISNUMBERED
            is_key[num_remembered] = last_is_key
            num_remembered += 1
        elif role == GET and (argument >= num_remembered or not is_key[argument]):
            return position, SHARED
        elif operation == _STOP:
            return end, WHOLE
        last_is_key = operation == _TEXT and argument <= MAX_SHARED_TEXT
        position = end
    return position, TRUNCATED
