"""Data inside of an HTML file, and the policy by which only the file's own scripts run."""

import base64
import hashlib
import json
import math
from collections.abc import Iterable
from typing import Any

import pandas as pd


def inline_json(value: object) -> str:
    """JSON that no HTML parser ends early, the same bytes for the same value."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def by_column(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """A table by its columns, a third of the size of records; NaN is null."""
    return {str(name): [_plain(value) for value in frame[name].tolist()] for name in frame}


def policy(scripts: Iterable[str]) -> str:
    """What a page may do: run these scripts, and nothing that a name of a category brings along."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in scripts)
    sources = " ".join(f"'sha256-{digest.decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
