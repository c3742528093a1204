"""What a fit shows: whose maps were taken, and marks where there were too few detections."""

import io

import numpy as np
import pytest
from rich.console import Console

from ensemble.calibration.console import fall_backs, print_calibration
from ensemble.calibration.file import Calibration
from ensemble.calibration.fitted_source import Counts, ErrorChange, SourceCalibration
from ensemble.calibration.kinds import Overlap, Taken
from ensemble.calibration.sigmoid_maps import PlattMap
from longtail.predictions.image_set import ImageSet

ONE, OTHER = PlattMap(0.5, 0.25), PlattMap(2.0, -1.0)


def source(
    taken: dict[str, Taken], counts: tuple[int, int], overlap: Overlap = "segm", own: bool = True
) -> SourceCalibration:
    """A source whose frequent categories have all of its detections."""
    none, all_ = Counts(0, 0), Counts(*counts)
    maps = {"all": ONE} | ({"f": OTHER} if taken["f"] == "group" else {})
    return SourceCalibration(
        maps=maps if own else {},
        counts={"all": all_, "r": none, "c": none, "f": all_},
        error=dict.fromkeys(taken, ErrorChange(0.25, 0.125)),
        overlap=overlap,
        taken=taken,
    )


def calibration_of(min_matches: int = 20, **sources: SourceCalibration) -> Calibration:
    images = ImageSet(np.arange(3), np.full(3, 40), np.full(3, 60)).digest()
    of = "platt", "frequency", "segm", 0.5, min_matches, 2, "0" * 64, images
    return Calibration(*of, sources=sources, shared=PlattMap(0.125, 0.5))


def shown(calibration: Calibration) -> list[str]:
    """The lines of the table, cells with a blank between."""
    console = Console(file=io.StringIO(), width=200)
    print_calibration(calibration, console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    rows = [" ".join(line.replace("│", " ").split()) for line in lines]
    return rows


GROUPS: dict[str, Taken] = {"all": "source", "r": "source", "c": "source", "f": "group"}
SHARED: dict[str, Taken] = dict.fromkeys(("all", "r", "c", "f"), "all sources")
NOBODY: dict[str, Taken] = dict.fromkeys(("all", "r", "c", "f"), "unchanged")


def test_maps_of_their_own_are_shown_with_numbers_and_errors() -> None:
    rows = shown(calibration_of(a=source(GROUPS, (30, 40))))
    assert "a all slope 0.5, intercept 0.25 30 40 0.2500 0.1250" in rows
    assert "frequent slope 2, intercept -1 30 40 0.2500 0.1250" in rows
    assert "rare as all 0 0 - -" in rows


def test_a_borrowed_map_is_named_and_marked() -> None:
    rows = shown(calibration_of(a=source(SHARED, (3, 2), own=False)))
    borrowed = "of all sources: slope 0.125, intercept 0.5 (n=5, too few)"
    assert f"a all {borrowed} 3 2" in rows
    assert "frequent of all sources (n=5, too few) 3 2" in rows


def test_a_fit_on_five_detections_that_was_asked_for_is_marked() -> None:
    rows = shown(calibration_of(1, a=source(GROUPS, (4, 1))))
    assert "a all slope 0.5, intercept 0.25 (n=5, too few) 4 1" in rows


@pytest.mark.parametrize(("counts", "which"), [((3, 500), "right"), ((500, 3), "wrong")])
def test_many_detections_may_be_too_few_of_one_sort(counts: tuple[int, int], which: str) -> None:
    rows = shown(calibration_of(a=source(NOBODY, counts, own=False)))
    numbers = f"{counts[0]} {counts[1]} 0.2500 0.1250"
    assert f"a all unchanged (too few {which}) {numbers}" in rows


def test_a_source_judged_by_its_boxes_says_so() -> None:
    rows = shown(calibration_of(a=source(GROUPS, (30, 40)), b=source(GROUPS, (30, 40), "box")))
    named = [row.split(" all slope")[0] for row in rows if " all slope" in row]
    assert named == ["a", "b, by boxes"]


def test_each_fall_back_is_a_warning() -> None:
    own, shared = source(GROUPS, (30, 40)), source(SHARED, (3, 2), own=False)
    assert fall_backs(calibration_of(a=own, b=shared, c=source(NOBODY, (3, 2), own=False))) == [
        "a: rare, common categories have under 20 right or wrong detections and use the map of the"
        " whole source",
        "b: 3 right and 2 wrong detections are too few for a map of its own, which needs 20 of"
        " each; it uses one map of all sources together",
        "c: 3 right and 2 wrong detections are too few for a map of its own, which needs 20 of"
        " each; its scores stay as they are",
    ]


def test_detections_of_one_fold_are_told() -> None:
    (told,) = fall_backs(calibration_of(a=source(NOBODY, (30, 20), own=False)))
    assert "needs 20 of each in more than one fold of images; its scores stay" in told
