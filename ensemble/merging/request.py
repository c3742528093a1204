"""What one merge is asked for: its sources, annotations and settings, and checks of all of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.calibration.file import Calibration
from ensemble.fusion.settings import MergeSettings
from ensemble.merging.folder import FORMAT
from ensemble.merging.plan import MergePlan
from ensemble.sources.category_map import COCO
from ensemble.sources.files import digest_of, digest_of_source
from ensemble.sources.open import OpenedSource
from ensemble.sources.spec import SourceSpec
from ensemble.sources.valid_area import check_coverage
from longtail.annotation_file.document import map_annotation_file
from longtail.categories import CategoryTable
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError


@dataclass(frozen=True)
class Request:
    """One merge, before anything was read.

    Attributes:
        specs: The sources by name.
        ann: LVIS file with images and categories.
        settings: What to do.
        options: The same as merge.yaml keeps it.
    """

    specs: Sequence[SourceSpec]
    ann: Path
    settings: MergeSettings
    options: dict[str, Any]

    def describe(self) -> dict[str, Any]:
        """Settings and digests of the inputs, as merge.json keeps them.

        Raises:
            BadInputError: A file is not there.
        """
        if not self.ann.is_file():
            raise BadInputError(
                f"{self.ann}: no such file; --ann is an LVIS annotation or image_info file"
            )
        calibration = self.settings.calibration
        return {
            "format": FORMAT,
            "settings": self.settings.as_dict(),
            "annotations": {"path": str(self.ann), "sha256": digest_of(self.ann)},
            "calibration": None if calibration is None else _digest_of_calibration(calibration),
            "sources": [_describe(spec) for spec in self.specs],
        }

    def has_annotations(self) -> bool:
        """Whether `ann` has an annotation: test files list images and categories only.

        Raises:
            BadInputError: The file cannot be used, or its annotations have a misspelt key.
        """
        file = map_annotation_file(self.ann)
        if key := file.misspelt("annotations"):
            remedy = "write it 'annotations', or leave out the evaluation"
            raise BadInputError(f"{self.ann}: it has {key!r}, which nothing reads; {remedy}")
        return file.has_annotations and len(file.split("annotations")) > 0

    def is_evaluated(self) -> bool:
        """Whether AP is asked for, and can be computed.

        Raises:
            BadInputError: The annotations cannot be used.
        """
        if not self.settings.evaluate:
            return False
        self.read_annotations()
        return self.has_annotations()

    def read_truth(self) -> GroundTruth | None:
        """What AP is computed against; None where it is not asked for, or cannot be computed.

        Raises:
            BadInputError: The annotations cannot be used.
        """
        if not self.is_evaluated():
            return None
        return read_ground_truth(self.ann, exhaustive=self.settings.exhaustive)

    def read_annotations(self) -> tuple[ImageSet, CategoryTable]:
        """Images and categories.

        Raises:
            BadInputError: The file cannot be used, or its categories have no frequency.
        """
        images, categories = ImageSet.from_json(self.ann), CategoryTable.from_json(self.ann)
        if not categories.has_counts:
            raise BadInputError(
                f"{self.ann}: its categories have no frequency, which margins go by; take "
                "`categories` from the training file"
            )
        return images, categories

    def plan(
        self, images: ImageSet, categories: CategoryTable, sources: Sequence[OpenedSource]
    ) -> MergePlan:
        """The plan for opened sources.

        Raises:
            ValueError: They leave an object size to nobody, a scale is not known where masks go
                by scale, masks are needed and not there, or no source was calibrated.
            BadInputError: The calibration file cannot be used.
        """
        specs = [source.spec for source in sources]
        names = [spec.name for spec in specs]
        longest = math.sqrt(float((images.heights * images.widths).max()))
        trusted = np.stack([source.trusted_categories for source in sources])
        areas = [spec.valid_area for spec in specs]
        check_coverage(areas, trusted, names, categories.names, longest)
        unknown = [spec.name for spec in specs if spec.scale is None]
        if self.settings.masks_by_scale and unknown:
            raise ValueError(
                f"--mask scale: the scale of {', '.join(unknown)} is not known; give it as in "
                f"--pred {unknown[0]}=PATH,scale=800, the short side of the network's input"
            )
        _check_masks(sources, self.settings)
        path = self.settings.calibration
        calibration = None if path is None else Calibration.load(path)
        if calibration is not None and not {*names} & {*calibration.sources}:
            calibration.require(_with_detections(sources))
        return MergePlan(images, categories, sources, self.settings, calibration)

    def check_apart(self, out: Path) -> None:
        """Check that a folder to be cleared holds none of the sources.

        Raises:
            ValueError: It does.
        """
        for spec in self.specs:
            if spec.path.resolve().is_relative_to(out.resolve()):
                raise ValueError(
                    f"--pred {spec.name}={spec.path} lies in --out {out}, which a merge clears; "
                    "give another --out"
                )


def _with_detections(sources: Sequence[OpenedSource]) -> list[str]:
    stores = {source.spec.name: PredictionStore.open(source.directory) for source in sources}
    return [name for name, store in stores.items() if store.num_detections]


def _check_masks(sources: Sequence[OpenedSource], settings: MergeSettings) -> None:
    boxes_only = [source.spec.name for source in sources if source.boxes_only]
    if boxes_only and settings.fusion.match == "mask":
        raise ValueError(
            f"--match mask: {', '.join(boxes_only)} has boxes only, and masks cannot be compared "
            "with boxes; use --match box, or leave it out"
        )
    if len(boxes_only) == len(sources) and not settings.with_bbox:
        raise ValueError(
            f"no source has masks ({', '.join(boxes_only)}: boxes only), and submission.json is one"
            " of masks; name a source with masks too, or ask for a submission of boxes with"
            " --with-bbox"
        )


def duplicate_sources(described: dict[str, Any]) -> list[tuple[str, str]]:
    """Names of sources of the same content, pair by pair."""
    pairs = combinations(described["sources"], 2)
    return [(a["name"], b["name"]) for a, b in pairs if a["sha256"] == b["sha256"]]


def _digest_of_calibration(path: Path) -> str:
    # Loaded first: a file that is not there or none at all is told in its own words.
    Calibration.load(path)
    return digest_of(path)


def _describe(spec: SourceSpec) -> dict[str, Any]:
    is_file = spec.categories not in (None, COCO)
    return {
        "name": spec.name,
        "path": str(spec.path),
        **spec.options(),
        "sha256": digest_of_source(spec),
        "categories_sha256": digest_of(Path(str(spec.categories))) if is_file else spec.categories,
    }
