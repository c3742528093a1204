"""Result records without those that repeat another one: what the platform counts of a file."""

import json
from typing import Any

Record = dict[str, Any]


def distinct(results: list[Record]) -> list[Record]:
    """The records that repeat no earlier one; lvis-api counts them all."""
    first = {json.dumps(record, sort_keys=True): record for record in reversed(results)}
    kept = set(map(id, first.values()))
    return [record for record in results if id(record) in kept]
