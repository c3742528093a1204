"""Rows of scores that were dropped because the detector gave no finite numbers, by shard.

A shard that is there is not predicted again, so its count is kept beside it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from longtail.problems import BadInputError

PATTERN = "dropped_rows-*.json"


@dataclass
class DroppedRows:
    """What was dropped so far.

    Attributes:
        rows: Rows of scores.
        images: Images that had one or more.
        example: The first of those; None without any.
    """

    rows: int = 0
    images: int = 0
    example: int | None = None

    def add(self, image_id: int, rows: int) -> None:
        """Count an image's rows in."""
        if rows:
            self.rows += rows
            self.images += 1
            self.example = image_id if self.example is None else self.example

    def write(self, store: Path, shard: int) -> None:
        """Keep the counts of a shard; nothing is written where nothing was dropped."""
        path = store / PATTERN.replace("*", f"{shard:05d}")
        if self.rows:
            path.write_text(json.dumps(asdict(self)))
        else:
            path.unlink(missing_ok=True)

    def warning(self) -> str:
        """What a person should know of it."""
        return (
            f"{self.rows} proposals of {self.images} images were dropped, the first in image"
            f" {self.example}: a score or box of theirs is NaN or infinite; the weights or the"
            " mixed precision of the training are at fault, so look at its losses"
        )


def dropped_rows(store: Path) -> DroppedRows:
    """The counts of all shards of a store.

    Raises:
        BadInputError: A file of counts is damaged.
    """
    total = DroppedRows()
    for path in sorted(store.glob(PATTERN)):
        try:
            of_shard = DroppedRows(**json.loads(path.read_text()))
            total.rows += int(of_shard.rows)
            total.images += int(of_shard.images)
        except (ValueError, TypeError):
            raise BadInputError(f"{path} is damaged; remove the folder to predict again") from None
        total.example = of_shard.example if total.example is None else total.example
    return total
