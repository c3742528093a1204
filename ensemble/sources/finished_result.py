"""The words of `--pred` where nothing is merged: finished results of any program, as rows."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from ensemble.sources.category_map import COCO
from ensemble.sources.files import digest_of, digest_of_source
from ensemble.sources.open import open_source
from ensemble.sources.spec import SourceSpec, parse_sources
from longtail.categories import CategoryTable
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore

TAKEN = ("categories", "max_score")


@dataclass(frozen=True)
class ResultSource:
    """A finished result, as a source of `ensemble.merge` is written.

    Attributes:
        spec: What the user named.
    """

    spec: SourceSpec

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.spec.name

    @property
    def path(self) -> Path:
        """Absolute, of a file or a store, or a pattern of files."""
        return self.spec.path

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its content.

        Raises:
            BadInputError: There is no such file or store.
        """
        return digest_of_source(self.spec)

    @cached_property
    def options(self) -> dict[str, Any]:
        """What else decides about its detections; nothing for what is written as LVIS says.

        Raises:
            BadInputError: There is no such file of categories.
        """
        categories, max_score = self.spec.categories, self.spec.max_score
        told: dict[str, Any] = {} if max_score == 1 else {"max_score": max_score}
        if categories is not None:
            is_file = categories != COCO
            told["categories"] = digest_of(Path(categories)) if is_file else categories
        return told

    def read_to(self, folder: Path, val: Path) -> PredictionStore:
        """Make a store of it in `folder`, which is empty, or open the store that it is.

        Raises:
            BadInputError: It cannot be used, or is of other images or categories than `val`.
        """
        images, categories = ImageSet.from_json(val), CategoryTable.from_json(val)
        opened = open_source(self.spec, images, categories, folder)
        return PredictionStore.open(opened.directory)


def parse_results(words: Sequence[str]) -> list[ResultSource]:
    """Read the words of `--pred`, in their order.

    Raises:
        ValueError: A word that does not fit the form, a name used twice, or an option that says
            how to merge.
    """
    if not words:
        return []
    by_name = {spec.name: spec for spec in parse_sources(words, told=TAKEN)}
    for spec in by_name.values():
        _check_options(spec)
    return [ResultSource(by_name[word.partition("=")[0]]) for word in words]


def _check_options(spec: SourceSpec) -> None:
    usual = SourceSpec(spec.name, spec.path)
    names = [field.name for field in fields(spec) if field.name not in ("name", "path", *TAKEN)]
    if merging := [name for name in names if getattr(spec, name) != getattr(usual, name)]:
        raise ValueError(
            f"--pred {spec.name}: {merging[0]}= says how to merge, and a row is evaluated as it"
            f" is; leave it out ({'= and '.join(TAKEN)}= are taken)"
        )
