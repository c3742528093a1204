"""Whose map scores go through: the group's, the source's, that of all sources, or nobody's."""

import numpy as np
import pytest

from ensemble.calibration.fall_back import FallBack, FittedMaps
from ensemble.calibration.fit_settings import FitSettings
from ensemble.calibration.fitted_source import ALL, LETTERS
from ensemble.calibration.kinds import CalibrationKind
from ensemble.calibration.labelled_scores import LabelledScores
from ensemble.calibration.maps import MAP_TYPES, through
from ensemble.calibration.sigmoid_maps import PlattMap

FOLDS = np.array([0, 1])
SETTINGS = FitSettings(min_matches=3)


def detections(
    right: int, wrong: int, group: int = 2, images: tuple[int, ...] = (0, 1)
) -> LabelledScores:
    """So many of a group, spread over the images in turn; scores are those of nobody else."""
    num = right + wrong
    image = np.resize(np.array(images), num)
    score = np.linspace(0.1, 0.9, num) + right / 1000
    return LabelledScores(image, np.full(num, group), score, np.arange(num) >= wrong)


def fitted(settings: FitSettings = SETTINGS, **labelled: LabelledScores) -> FittedMaps:
    fall_back = FallBack.of(labelled, FOLDS, settings)
    return fall_back.fit(labelled, settings, settings.needed)


def platt(*of: LabelledScores) -> PlattMap:
    scores = np.concatenate([rows.score for rows in of])
    return PlattMap.fit(scores, np.concatenate([rows.true_positive for rows in of]))


def merged(*of: LabelledScores) -> LabelledScores:
    names = ("image", "group", "score", "true_positive")
    columns = [np.concatenate([getattr(rows, name) for rows in of]) for name in names]
    return LabelledScores(*columns)


def test_a_group_with_three_of_each_has_its_own_map() -> None:
    rare, frequent = detections(3, 3, group=0), detections(5, 4, group=2)
    maps = fitted(a=merged(rare, frequent))
    assert (maps.whose("a", "r"), maps.map_of("a", "r")) == ("group", platt(rare))
    assert (maps.whose("a", "f"), maps.map_of("a", "f")) == ("group", platt(frequent))
    assert maps.whose("a", ALL) == "source"


@pytest.mark.parametrize(("right", "wrong"), [(2, 9), (9, 2), (0, 0)])
def test_a_group_with_fewer_takes_the_map_of_its_source(right: int, wrong: int) -> None:
    rare, frequent = detections(right, wrong, group=0), detections(5, 4, group=2)
    maps = fitted(a=merged(rare, frequent), b=detections(50, 50))
    assert (maps.whose("a", "r"), maps.map_of("a", "r")) == ("source", platt(rare, frequent))
    assert maps.shared is None


def test_a_source_with_fewer_takes_one_map_of_all_sources() -> None:
    few, many = detections(2, 2), detections(20, 20)
    maps = fitted(a=few, b=many)
    assert {maps.whose("a", letter) for letter in LETTERS} == {"all sources"}
    assert maps.map_of("a", "r") == maps.map_of("a", ALL) == platt(few, many)
    assert (maps.whose("b", "f"), maps.map_of("b", "f")) == ("group", platt(many))


def test_sources_that_have_enough_only_together_share_a_map() -> None:
    one, other = detections(2, 2), detections(1, 2)
    maps = fitted(b=other, a=one)
    assert maps.own == {}
    assert maps.map_of("a", "f") == maps.map_of("b", "f") == platt(one, other)


def test_without_enough_together_scores_stay_as_they_are() -> None:
    maps = fitted(a=detections(2, 9), b=detections(0, 30))
    assert (maps.whose("a", "f"), maps.map_of("a", "f")) == ("unchanged", None)
    scores = np.array([0.2, 0.7])
    assert through(maps.map_of("a", "f"), scores) is scores


def test_detections_of_one_fold_are_not_enough() -> None:
    maps = fitted(a=detections(9, 9, images=(0,)))
    assert maps.whose("a", "f") == "unchanged"
    assert fitted(a=detections(9, 9, images=(0,)), b=detections(9, 9)).whose("a", "f") == (
        "all sources"
    )


def test_one_map_a_source_falls_back_as_well() -> None:
    maps = fitted(FitSettings(min_matches=3, groups="none"), a=detections(9, 9), b=detections(1, 1))
    assert (maps.whose("a", "f"), maps.whose("b", "f")) == ("source", "all sources")


def test_a_fold_leaves_its_own_detections_out_of_the_shared_map_too() -> None:
    labelled = {"a": detections(2, 2), "b": detections(20, 20)}
    fall_back = FallBack.of(labelled, FOLDS, SETTINGS)
    maps = fall_back.fit_without(labelled, FOLDS, 0, SETTINGS)
    second = [rows.take(rows.image == 1) for rows in labelled.values()]
    assert maps.map_of("a", "f") == platt(*second)


@pytest.mark.parametrize("kind", [*MAP_TYPES])
def test_every_map_of_a_fall_back_rises_and_does_not_depend_on_the_order(
    kind: CalibrationKind,
) -> None:
    random = np.random.default_rng(3)
    settings = FitSettings(kind, min_matches=8)
    labelled = {
        name: LabelledScores(
            random.integers(0, 2, num),
            random.integers(0, 3, num),
            random.random(num),
            random.random(num) < 0.4,
        )
        for name, num in (("few", 12), ("some", 60), ("many", 400))
    }
    maps = fitted(settings, **labelled)
    again = fitted(settings, **dict(reversed(labelled.items())))
    assert maps == again
    scores = np.sort(random.random(500))
    for name in labelled:
        for letter in LETTERS:
            calibrated = through(maps.map_of(name, letter), scores)
            assert (np.diff(calibrated) > 0).all()
            assert 0 <= calibrated[0] <= calibrated[-1] <= 1
