"""What a selection is asked for, and the folder that remembers it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensemble.merging.options import settings_of
from ensemble.merging.request import Request
from ensemble.selection.journal import CANDIDATES, STEPS
from ensemble.sources.spec import SourceSpec
from longtail.sealed import DamagedError, read_sealed_json
from longtail.search.request_file import changed_since

REQUEST, REPORT, MERGE_FILE = "request.json", "select.json", "merge.yaml"
FILES = MERGE_FILE, REPORT, STEPS, CANDIDATES, REQUEST
COMMAND = "select"
AGAIN = "remove the folder to start anew"


@dataclass(frozen=True)
class SelectRequest:
    """A selection.

    Attributes:
        ann: LVIS annotations of all images, absolute.
        specs: The pool by name.
        options: Those of `ensemble.merge`.
        metric: What is to be raised.
        half_seed: Of the halves.
        max_members: Where it stops at the latest; repeats count.
    """

    ann: Path
    specs: Sequence[SourceSpec]
    options: Mapping[str, Any]
    metric: str
    half_seed: int
    max_members: int

    def check(self) -> None:
        """Check the options before anything is read.

        Raises:
            ValueError: One is out of range, or two contradict each other.
        """
        settings_of(dict(self.options), len(self.specs))
        settings_of(dict(self.options), 1)
        if self.options["resamples"] == 0:
            raise ValueError(
                "--resamples 0: a selection ends by the interval of a gain; at least 20, 1000 are"
                " usual"
            )
        if self.options["with_bbox"]:
            raise ValueError("--with-bbox: members are chosen by mask AP; leave it out")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The metric."""
        return (self.metric,)

    @property
    def seed(self) -> int:
        """Of the halves."""
        return self.half_seed

    @property
    def seed_option(self) -> str:
        """What the command line calls it."""
        return "--half-seed"

    @property
    def exhaustive(self) -> bool:
        """Whether every category is labelled in every image."""
        return bool(self.options["exhaustive"])

    @property
    def strict(self) -> bool:
        """Whether records that cannot be used are errors."""
        return bool(self.options["strict"])

    def describe(self) -> dict[str, Any]:
        """Digests of the inputs and everything that decides about a step, as a JSON tree.

        Raises:
            BadInputError: A file is not there.
        """
        options = dict(self.options)
        settings, _ = settings_of(options, len(self.specs))
        tree = {
            "command": COMMAND,
            **Request(self.specs, self.ann, settings, options).describe(),
            "metric": self.metric,
            "half_seed": self.half_seed,
        }
        return dict(json.loads(json.dumps(tree)))


def begin(out: Path, described: Mapping[str, Any], force: bool) -> None:
    """Make the folder of a selection, or find that it is of this one.

    Args:
        out: The folder.
        described: The request.
        force: Start anew, whatever selection the folder holds.

    Raises:
        ValueError: It holds another selection, or other files.
        DamagedError: What it holds cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / REQUEST
    if any(out.glob("[!.]*")) and not _is_own(path, force):
        raise ValueError(f"{out} holds files that no selection wrote; give --out an empty folder")
    if force:
        for name in FILES:
            (out / name).unlink(missing_ok=True)
    if changed := sorted(changed_since(path, described, AGAIN)):
        raise ValueError(
            f"{out} holds a selection with other {', '.join(changed)} (see {path}); give another"
            " --out, or replace it with --force"
        )


def _is_own(path: Path, force: bool) -> bool:
    """Whether a request is one of a selection; one that is damaged is told, unless by force."""
    try:
        return bool(read_sealed_json(path, AGAIN).get("command") == COMMAND)
    except FileNotFoundError:
        return False
    except DamagedError:
        if not force:
            raise
        return (path.parent / CANDIDATES).exists()
