"""A finished result for plans that nothing is run of."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longtail.predictions.store import PredictionStore


@dataclass(frozen=True)
class Result:
    """A result that is not read."""

    name: str
    digest: str
    path: Path = Path("results.json")
    options: dict[str, Any] = field(default_factory=dict)

    def read_to(self, folder: Path, val: Path) -> PredictionStore:
        raise AssertionError
