"""Result files of any tool: the numbers are those of the evaluation, which is made once."""

import json
from pathlib import Path

import pytest
from support.calibration_scene import MODELS, Scene, write_masks

from dashboards.sources.results import read_results
from ensemble.sources.finished_result import parse_results
from longtail.evaluation.lvis import evaluate
from longtail.problems import BadInputError

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))
    write_masks(tmp_path, 40)
    return tmp_path


def test_rows_are_what_evaluation_says_and_are_evaluated_once(folder: Path) -> None:
    ann = folder / "ann.json"
    words = [f"{name}={folder / name}.json" for name in "ab"]
    said: list[str] = []
    found = read_results(ann, parse_results(words), said.append, resamples=20)
    assert said == ["reading a", "evaluating a", "reading b", "evaluating b"]
    for row in found.rows:
        expected = evaluate(ann, folder / f"{row.name}.json")
        assert row.evaluation["segm"] == expected.segm
        assert row.diagnosis["counts"]["judged"] > 0
        assert row.predictions is not None and row.predictions.is_dir()
        assert row.folder is not None and (row.folder / "matches_segm.npz").is_file()
    said.clear()
    again = read_results(ann, parse_results(words), said.append, resamples=20)
    assert said == [] and again == found


def test_a_result_of_other_content_is_evaluated_again(folder: Path) -> None:
    ann, words = folder / "ann.json", [f"a={folder / 'a.json'}"]
    before = read_results(ann, parse_results(words), str, resamples=20).rows[0]
    records = json.loads((folder / "a.json").read_text())
    (folder / "a.json").write_text(json.dumps(records[: len(records) // 2]))
    after = read_results(ann, parse_results(words), str, resamples=20).rows[0]
    assert after.evaluation["counts"]["detections"] < before.evaluation["counts"]["detections"]


def test_boxes_alone_have_box_numbers(folder: Path) -> None:
    (folder / "boxes.json").write_text(json.dumps(Scene(40).detections(MODELS["a"])))
    words = [f"boxes={folder / 'boxes.json'}"]
    (row,) = read_results(folder / "ann.json", parse_results(words), str, resamples=20).rows
    assert row.evaluation["segm"]["AP"] == -1 and row.evaluation["box"]["AP"] > 0


def test_no_detection_at_all_is_a_row_too(folder: Path) -> None:
    (folder / "none.json").write_text("[]")
    words = [f"none={folder / 'none.json'}"]
    (row,) = read_results(folder / "ann.json", parse_results(words), str, resamples=20).rows
    assert row.evaluation["counts"]["detections"] == 0


def test_a_damaged_file_leaves_nothing_that_is_taken_for_a_result(folder: Path) -> None:
    (folder / "cut.json").write_text("[{")
    words = [f"cut={folder / 'cut.json'}"]
    for _ in range(2):
        with pytest.raises(BadInputError, match=r"cut\.json"):
            read_results(folder / "ann.json", parse_results(words), str, resamples=20)
