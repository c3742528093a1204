from pathlib import Path

import pytest

from ensemble.merging.config_file import read_merge_file, write_merge_file
from longtail.problems import BadInputError


def test_options_are_read_as_they_were_written(tmp_path: Path) -> None:
    options = {
        "pred": ["a=/x/a.json,groups=r,c"],
        "iou_thr": 0.1 + 0.2,
        "min_score": 1e-9,
        "max_dets": 300,
        "zip": True,
        "mask": "vote",
    }
    write_merge_file(tmp_path / "merge.yaml", {**options, "calibration": None})
    assert read_merge_file(tmp_path / "merge.yaml", [*options, "calibration"]) == options


def test_file_says_how_to_use_it(tmp_path: Path) -> None:
    write_merge_file(tmp_path / "merge.yaml", {})
    assert "python -m ensemble.merge --config merge.yaml" in (tmp_path / "merge.yaml").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("iou_threshold: 0.5", "unknown option iou_threshold; there are iou_thr, pred"),
        ("- a", "not the settings of a merge"),
        ("pred: {a: b}", "not the settings of a merge"),
        ("pred: [[a]]", "not the settings of a merge"),
        ("a: [", "not the settings of a merge"),
        ("a: !!python/object:os.system x", "not the settings of a merge"),
        ("# " + "x" * 2**20, "are no settings"),
        ("a: " + "[" * 5000, "not the settings of a merge"),
    ],
)
def test_other_files_are_bad_input(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "merge.yaml").write_text(text)
    with pytest.raises(BadInputError, match=message):
        read_merge_file(tmp_path / "merge.yaml", ["pred", "iou_thr"])


def test_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such file"):
        read_merge_file(tmp_path / "none.yaml", [])
