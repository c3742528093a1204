"""Data inside of an HTML file, and the policy by which only the file's own scripts run."""

import base64
import hashlib
import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

LEAST_PACKED = 200
"""Numbers of a column; shorter ones stay readable."""
UNKNOWN = 65535


def inline_json(value: object) -> str:
    """JSON that no HTML parser ends early, the same bytes for the same value."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def by_column(frame: pd.DataFrame) -> dict[str, list[Any] | str]:
    """A table by its columns, a third of the size of records; NaN is null.

    A long column of hundredths is a string, which has half the size again: see `packed`.
    """
    return {str(name): packed(frame[name]) or _plain(frame[name]) for name in frame}


def packed(column: "pd.Series[Any]") -> str | None:
    """Base64 of a column as 16-bit integers of hundredths, low byte first; `state.js` reads it.

    Args:
        column: Of any type.

    Returns:
        None where it is short, or does not come back unchanged: it has a number below 0 or above
        655.34, or one of more than two decimals. NaN is 65535.
    """
    if len(column) < LEAST_PACKED or not pd.api.types.is_float_dtype(column):
        return None
    values = column.to_numpy()
    known = ~np.isnan(values)
    finite = np.nan_to_num(values, posinf=-1, neginf=-1)
    hundredths = np.where(known, np.round(100 * finite), UNKNOWN)
    fits = (hundredths >= 0) & ((hundredths < UNKNOWN) | ~known)
    if not fits.all() or (hundredths[known] / 100 != values[known]).any():
        return None
    return base64.b64encode(hundredths.astype("<u2").tobytes()).decode()


def policy(scripts: Iterable[str]) -> str:
    """What a page may do: run these scripts, and nothing that a name of a category brings along."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in scripts)
    sources = " ".join(f"'sha256-{digest.decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _plain(column: "pd.Series[Any]") -> list[Any]:
    values = column.tolist()
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values]
