"""The rows of the study of thin objects."""

from pathlib import Path

import pytest

from docs.studies.thin.rows import PAIRS, study_rows, trunk_row

ROWS = study_rows(Path("runs"))


def differences(a: object, b: object, path: str = "") -> set[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        return {d for key in a | b for d in differences(a.get(key), b.get(key), f"{path}.{key}")}
    return set() if a == b else {path}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("level", {".level"}),
        ("balanced", {".loss.name", ".loss.cross_entropy_weight", ".loss.foreground_factor"}),
        ("boundary", {".boundary"}),
    ],
)
def test_a_row_differs_from_the_plain_one_in_its_technique_alone(
    name: str, fields: set[str]
) -> None:
    plain, other = (ROWS[of].model_dump(mode="json") for of in ("plain", name))
    assert differences(plain, other) == {f".detector.mask_head{field}" for field in fields}


def test_one_row_has_all_three_techniques() -> None:
    together = {name: ROWS["all"].detector.mask_head for name in ("level", "loss", "boundary")}
    assert together["level"].level == ROWS["level"].detector.mask_head.level
    assert together["loss"].loss == ROWS["balanced"].detector.mask_head.loss
    assert together["boundary"].boundary


def test_compared_rows_exist_and_start_from_the_same_trunk() -> None:
    assert {name for pair in PAIRS for name in pair} <= set(ROWS)
    assert {row.detector.weights for row in ROWS.values()} == {"runs/trunk.pt"}
    trunk = trunk_row().detector
    assert all(row.detector.backbone == trunk.backbone for row in ROWS.values())
    assert all(row.detector.proposals == trunk.proposals for row in ROWS.values())


def test_longer_rows_differ_from_the_others_in_their_iterations_alone() -> None:
    for name in ("plain", "balanced", "all"):
        short, long = (ROWS[of].model_dump(mode="json") for of in (name, f"{name}_long"))
        schedule = long["stages"][0]["schedule"]
        assert schedule["iterations"] == 3 * short["stages"][0]["schedule"]["iterations"]
        kept = ("iterations", "checkpoint_every")
        schedule.update({key: short["stages"][0]["schedule"][key] for key in kept})
        assert long == short
