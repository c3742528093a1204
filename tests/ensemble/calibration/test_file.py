"""A calibration file: written and read back, applied by name and group, refused when damaged."""

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from scipy.special import expit, logit

from ensemble.calibration.file import Calibration
from ensemble.calibration.fitted_source import (
    LETTERS,
    Counts,
    ErrorChange,
    ReliabilityChange,
    SourceCalibration,
)
from ensemble.calibration.knot_maps import IsotonicMap
from ensemble.calibration.maps import ScoreMap
from ensemble.calibration.sigmoid_maps import PlattMap
from longtail.evaluation.diagnosis.calibration_error import ReliabilityBin
from longtail.predictions.image_set import ImageSet
from longtail.problems import BadInputError
from longtail.sealed import read_sealed, write_sealed_json

SCORES = np.array([0.2, 0.2, 0.2])
GROUPS = np.array([0, 1, 2])


def calibration_of(**maps: ScoreMap) -> Calibration:
    counts = {group: Counts(30, 40) for group in ("all", "r", "c", "f")}
    error = {group: ErrorChange(0.2, 0.01) for group in counts}
    return Calibration(
        kind="platt",
        groups="frequency",
        overlap="segm",
        iou_threshold=0.5,
        min_matches=20,
        folds=2,
        annotations="0" * 64,
        images=images().digest(),
        sources={"a": SourceCalibration(maps, counts, error)},
    )


def images(num: int = 3) -> ImageSet:
    return ImageSet(np.arange(num), np.full(num, 40), np.full(num, 60))


def edited(tmp_path: Path, **fields: object) -> Path:
    path = tmp_path / "calibration.json"
    calibration_of(all=PlattMap(1.0, 0.0)).save(path)
    tree = json.loads(read_sealed(path, ""))
    tree["calibration"]["sources"]["a"] |= fields
    write_sealed_json(path, tree)
    return path


def test_a_file_reads_back_to_what_was_written(tmp_path: Path) -> None:
    one = calibration_of(all=PlattMap(1.5, -0.1), r=IsotonicMap((0.1, 0.7), (0.0, 1 / 3)))
    one.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == one
    assert [path.name for path in tmp_path.iterdir()] == ["calibration.json"]


def test_a_group_goes_through_its_own_map_and_others_through_that_of_the_source() -> None:
    calibration = calibration_of(all=PlattMap(1.0, 0.0), f=PlattMap(2.0, 1.0))
    found = calibration.apply("a", SCORES, GROUPS)
    assert found == pytest.approx([0.2, 0.2, expit(2 * logit(0.2) + 1)], abs=1e-6)


def test_no_detections_stay_none() -> None:
    empty = np.zeros(0)
    calibration = calibration_of(all=PlattMap(1.0, 0.0))
    assert len(calibration.apply("a", empty, empty.astype(np.int64))) == 0


def test_a_file_of_the_first_version_means_what_it_meant(tmp_path: Path) -> None:
    path, r = tmp_path / "calibration.json", PlattMap(2.0, 0.0)
    calibration_of(all=PlattMap(1.5, -0.1), r=r).save(path)
    tree = json.loads(read_sealed(path, "")) | {"schema_version": 1}
    for name in ("shared", "exhaustive"):
        del tree["calibration"][name]
    for name in ("overlap", "taken", "reliability"):
        del tree["calibration"]["sources"]["a"][name]
    write_sealed_json(path, tree)
    old = Calibration.load(path)
    assert old.apply("a", SCORES, GROUPS) == pytest.approx(
        [expit(2 * logit(0.2)), *[expit(1.5 * logit(0.2) - 0.1)] * 2], abs=1e-6
    )
    assert [old.whose("a", letter) for letter in LETTERS] == ["source", "group", *2 * ["source"]]
    assert old.overlap_of("a") == "segm"


def test_bins_of_scores_read_back_and_files_of_before_have_none(tmp_path: Path) -> None:
    bins = tuple(ReliabilityBin(place / 10, 0, -1.0, -1.0) for place in range(9))
    bins += (ReliabilityBin(0.9, 7, 0.1 + 0.85, 1 / 3),)
    change = ReliabilityChange(bins, bins[::-1])
    one = calibration_of(all=PlattMap(1.0, 0.0))
    source = structs.replace(one.sources["a"], reliability=dict.fromkeys("rcf", change))
    path = tmp_path / "calibration.json"
    structs.replace(one, sources={"a": source}).save(path)
    assert Calibration.load(path).sources["a"].reliability["c"] == change

    tree = json.loads(read_sealed(path, "")) | {"schema_version": 2}
    del tree["calibration"]["sources"]["a"]["reliability"]
    write_sealed_json(path, tree)
    assert Calibration.load(path) == one


@pytest.mark.parametrize(
    ("letters", "num_bins", "problem"),
    [
        ("rc", 10, "reliability has r, c; it must have r, c, f"),
        ("rcf", 9, "reliability has 9 and 9 bins, not 10"),
    ],
)
def test_bins_of_scores_are_there_for_every_group(
    tmp_path: Path, letters: str, num_bins: int, problem: str
) -> None:
    empty = {"low": 0.0, "count": 0, "mean_score": -1.0, "precision": -1.0}
    change = {"before": [empty] * num_bins, "after": [empty] * num_bins}
    with pytest.raises(BadInputError, match=rf"calibration\.json.*{problem}"):
        Calibration.load(edited(tmp_path, reliability=dict.fromkeys(letters, change)))


def test_a_source_without_maps_goes_through_that_of_all_sources() -> None:
    source = SourceCalibration({}, {}, {}, taken=dict.fromkeys(LETTERS, "all sources"))
    calibration = structs.replace(
        calibration_of(), sources={"a": source}, shared=PlattMap(2.0, 1.0)
    )
    found = calibration.apply("a", SCORES, GROUPS)
    assert found == pytest.approx([expit(2 * logit(0.2) + 1)] * 3, abs=1e-6)
    assert list(calibration.warnings_of_missing(["a"])) == []


def test_a_source_that_takes_no_map_keeps_every_bit_of_its_scores() -> None:
    source = SourceCalibration({}, {}, {}, taken=dict.fromkeys(LETTERS, "unchanged"))
    calibration = structs.replace(calibration_of(), sources={"a": source})
    scores = np.array([0.1, 0.7, 1.0])
    assert calibration.apply("a", scores, GROUPS).tolist() == scores.tolist()
    told = list(calibration.warnings_of_missing(["a", "b"]))
    assert told[0].startswith("a: was fitted to too few detections")
    assert told[1].startswith("b: not in the calibration")


@pytest.mark.parametrize(
    ("taken", "problem"),
    [
        (dict.fromkeys(LETTERS, "all sources"), "takes the map of all sources, and there is none"),
        (dict.fromkeys(LETTERS, "group"), "maps has no r, which r takes"),
        ({"r": "group"}, "taken has r; it must have all, r, c, f"),
        (dict.fromkeys(LETTERS, "nobody"), "Invalid enum value"),
    ],
)
def test_a_map_that_is_taken_must_be_there(
    tmp_path: Path, taken: dict[str, str], problem: str
) -> None:
    with pytest.raises(BadInputError, match=rf"calibration\.json.*{problem}"):
        Calibration.load(edited(tmp_path, taken=taken))


def test_an_unknown_source_is_refused_with_the_known_ones() -> None:
    calibration = calibration_of(all=PlattMap(1.0, 0.0))
    with pytest.raises(ValueError, match="no source b, only a; use the names"):
        calibration.apply("b", SCORES, GROUPS)


@pytest.mark.parametrize("score", [1.5, -0.1, np.nan])
def test_a_score_outside_0_to_1_is_refused(score: float) -> None:
    calibration = calibration_of(all=PlattMap(1.0, 0.0))
    with pytest.raises(ValueError, match=f"source a: score {score}"):
        calibration.apply("a", np.array([0.5, score]), np.zeros(2, np.int64))


def test_it_knows_the_images_that_it_was_fitted_on() -> None:
    calibration = calibration_of(all=PlattMap(1.0, 0.0))
    assert calibration.was_fitted_on(images())
    assert not calibration.was_fitted_on(images(4))


@pytest.mark.parametrize(
    "maps",
    [
        {"all": {"kind": "platt", "slope": 0.0, "intercept": 0.0}},
        {"all": {"kind": "platt", "slope": 1.0}},
        {"all": {"kind": "histogram"}},
        {"all": {"kind": "isotonic", "knots": [0.2, 0.1], "values": [0.1, 0.2]}},
        {"all": {"kind": "isotonic", "knots": [0.1, 0.2], "values": [0.1, 1.2]}},
        {"all": {"kind": "rank", "knots": [], "values": []}},
        {"all": {"kind": "temperature", "temperature": -1.0}},
        {"all": {"kind": "beta", "low": 1.0, "high": 0.0, "intercept": 0.0}},
        {"r": {"kind": "platt", "slope": 1.0, "intercept": 0.0}},
        {},
    ],
)
def test_maps_that_cannot_be_are_refused(tmp_path: Path, maps: object) -> None:
    with pytest.raises(BadInputError, match=r"calibration\.json.*fit it again"):
        Calibration.load(edited(tmp_path, maps=maps))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"schema_version": 1}'])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(
        BadInputError,
        match=r"other\.json: does not end in its SHA-256.* another kind.* fit it again",
    ):
        Calibration.load(path)


def test_another_version_and_a_missing_file_are_named(tmp_path: Path) -> None:
    path = edited(tmp_path)
    write_sealed_json(path, json.loads(read_sealed(path, "")) | {"schema_version": 9})
    with pytest.raises(BadInputError, match="schema_version is 9 and this program reads 1, 2, 3"):
        Calibration.load(path)
    with pytest.raises(BadInputError, match="no such file"):
        Calibration.load(tmp_path / "none.json")
