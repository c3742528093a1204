"""A row of a report that is made at test time: other rows, merged as `ensemble.merge` merges."""

from typing import Literal

from pydantic import Field

from longtail.config.base import Config


class Merge(Config):
    """A merge of rows."""

    members: tuple[str, ...]
    """Rows that are merged, those of the same seed; ROW@SEED for one of a row's seeds. The table
    has them as rows, too."""
    experts: tuple[str, ...] = ()
    """Results of other tools that are merged as well: `--pred` must give them under these names."""
    options: dict[str, str | int | float] = Field(default_factory=dict)
    """Keys of a merge.yaml that decide about detections; the defaults are those of
    `ensemble.merge`."""
    calibrate: Literal["half"] | None = None
    """Score maps, fitted on a half of the validation images; none by default."""
    half_seed: int = Field(default=0, ge=0)
    """Of the halves, where maps are fitted."""

    def keys(self) -> dict[str, str | int | float]:
        """Options and maps under the keys that `--merge` takes."""
        if self.calibrate is None:
            return dict(self.options)
        return {**self.options, "calibrate": self.calibrate, "half_seed": self.half_seed}
