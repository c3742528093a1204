"""What a search is asked for, and the folder that remembers it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensemble.merging.options import settings_of
from ensemble.merging.request import Request
from ensemble.sources.spec import SourceSpec
from ensemble.tuning.objective.space import Space
from longtail.search.request_file import changed_since

REQUEST = "request.json"


@dataclass(frozen=True)
class TuneRequest:
    """A search.

    Attributes:
        ann: LVIS annotations of all images, absolute.
        space: What is searched, and where from.
        wanted: Metrics to raise; the winner is the best by the first.
        num_trials: Fusions to try.
        margin_trials: Margins to try on each.
        seed: Of halves and points.
    """

    ann: Path
    space: Space
    wanted: tuple[str, ...]
    num_trials: int
    margin_trials: int
    seed: int

    @property
    def exhaustive(self) -> bool:
        """Whether every category is labelled in every image."""
        return bool(self.space.options["exhaustive"])

    @property
    def specs(self) -> Sequence[SourceSpec]:
        """The sources by name."""
        return self.space.specs

    @property
    def strict(self) -> bool:
        """Whether records that cannot be used are errors."""
        return bool(self.space.options["strict"])

    @property
    def seed_option(self) -> str:
        """What the command line calls the seed."""
        return "--seed"

    def describe(self) -> dict[str, Any]:
        """Digests of the inputs and everything that decides about a trial, as a JSON tree.

        Raises:
            BadInputError: A file is not there.
        """
        options, space = dict(self.space.options), self.space
        settings, _ = settings_of(options, len(space.specs))
        tree = {
            **Request(space.specs, self.ann, settings, options).describe(),
            "searched": sorted(space.searched),
            "methods": list(space.methods),
            "calibrations": list(space.calibrations),
            "metric": list(self.wanted),
            "margin_trials": self.margin_trials,
            "seed": self.seed,
        }
        return dict(json.loads(json.dumps(tree)))


def digest_of_request(described: Mapping[str, Any]) -> str:
    """Twelve letters that name a request."""
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]


def begin(out: Path, described: Mapping[str, Any]) -> None:
    """Make the folder of a search, or find that it is of this one.

    Raises:
        ValueError: It holds another search, or other files.
        DamagedError: What it holds cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / REQUEST
    if not path.is_file() and any(out.glob("[!.]*")):
        raise ValueError(f"{out} holds files that no search wrote; give --out an empty folder")
    if changed := sorted(changed_since(path, described, "remove the folder to start anew")):
        raise ValueError(
            f"{out} holds a search with other {', '.join(changed)} (see {path}); give another --out"
        )
