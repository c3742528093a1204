"""Blocks of two sources: which of their detections take part, and where each was run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.merge_folder import Folder, detection, object_box

from ensemble.sources.filters import LOW_SCORE, NO_MASK, OTHER_CATEGORY, OTHER_SIZE, TAKES_PART
from ensemble.sources.open import OpenedSource, open_source
from ensemble.sources.reader import FilteredBlock, SourceReader
from ensemble.sources.spec import parse_sources
from ensemble.sources.valid_area import EVERY_SIZE, ValidArea
from longtail.categories import CategoryTable
from longtail.predictions.image_set import ImageSet
from longtail.problems import BadInputError

RARE, COMMON, FREQUENT = 3, 7, 9


class TwoSources:
    """`a` finds an object of each category in image 1, `b` two in image 2, one without a mask."""

    def __init__(self, path: Path) -> None:
        folder = Folder(path)
        scores = {RARE: 0.9, COMMON: 0.5, FREQUENT: 0.1}
        folder.write("a.json", [detection(1, *of) for of in scores.items()])
        box = {"image_id": 2, "category_id": RARE, "score": 0.3, "bbox": [*object_box(RARE)]}
        folder.write("b.json", [detection(2, FREQUENT, 0.8), box])
        self.images = ImageSet.from_json(folder.ann)
        self.categories = CategoryTable.from_json(folder.ann)
        specs = parse_sources([f"a={path / 'a.json'},groups=r,f", f"b={path / 'b.json'}"])
        of = self.images, self.categories, path / "opened"
        self.opened: list[OpenedSource] = [open_source(spec, *of) for spec in specs]

    def read(
        self,
        score_threshold: float = 0.0,
        strict: bool = False,
        areas: list[ValidArea] | None = None,
    ) -> FilteredBlock:
        reader = SourceReader(self.opened, self.categories, score_threshold, strict, areas)
        return reader.read(0, self.images.blocks()[0])


def reasons_of(filtered: FilteredBlock) -> dict[tuple[int, int], int]:
    """The reason of each detection by source and category id."""
    ids = filtered.block.columns.category_id
    keys = zip(filtered.block.sources.tolist(), ids.tolist(), strict=True)
    return dict(zip(keys, filtered.reasons.tolist(), strict=True))


def test_every_detection_has_its_reason(tmp_path: Path) -> None:
    sources = TwoSources(tmp_path)
    filtered = sources.read(score_threshold=0.2)
    assert reasons_of(filtered) == {
        (0, RARE): TAKES_PART,
        (0, COMMON): OTHER_CATEGORY,
        (0, FREQUENT): LOW_SCORE,
        (1, FREQUENT): TAKES_PART,
        (1, RARE): NO_MASK,
    }
    assert filtered.rows.tolist() == np.flatnonzero(filtered.reasons == TAKES_PART).tolist()
    assert filtered.seen.tolist() == [[True, False, False], [False, True, False]]


def test_a_source_has_the_sizes_that_it_is_trusted_with(tmp_path: Path) -> None:
    sources = TwoSources(tmp_path)
    # Objects have sides of ten pixels.
    reasons = reasons_of(sources.read(areas=[EVERY_SIZE, ValidArea(11)]))
    assert (reasons[0, RARE], reasons[1, FREQUENT]) == (TAKES_PART, OTHER_SIZE)


def test_a_detection_without_a_mask_beside_others_with_one_is_named(tmp_path: Path) -> None:
    sources = TwoSources(tmp_path)
    with pytest.raises(BadInputError, match="source b, image 2: a detection has a box and no mask"):
        sources.read(strict=True)


def test_an_expert_was_run_where_it_found_anything_at_all(tmp_path: Path) -> None:
    sources = TwoSources(tmp_path)
    a, b = sources.opened
    sources.opened[1] = replace(b, seen_in=a.directory)
    assert sources.read().seen.tolist() == [[True, False, False], [True, False, False]]
