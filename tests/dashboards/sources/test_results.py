"""Result files are evaluated once, again where that is damaged, and told by their names."""

import json
from pathlib import Path

import pytest
from support.calibration_scene import write_masks

from dashboards.sources.found import Found
from dashboards.sources.results import read_results
from ensemble.sources.finished_result import parse_results

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_masks(tmp_path, 40)
    return tmp_path


def read(folder: Path) -> tuple[Found, list[str]]:
    said: list[str] = []
    words = [f"mine={folder / 'a.json'}"]
    found = read_results(folder / "ann.json", parse_results(words), said.append, resamples=20)
    return found, said


@pytest.mark.parametrize("damaged", ["evaluation.json", "diagnosis.json", "done.json"])
def test_what_is_damaged_is_evaluated_again(folder: Path, damaged: str) -> None:
    first, said = read(folder)
    assert said == ["reading mine", "evaluating mine"]
    assert read(folder)[1] == []

    (file,) = folder.glob(f"cache/evaluations/*/{damaged}")
    file.write_text(file.read_text().replace("1", "2")[:-3])

    again, said = read(folder)
    assert said == ["reading mine", "evaluating mine"]
    assert again.rows[0].evaluation == first.rows[0].evaluation
    assert read(folder)[1] == []


def test_a_file_that_is_gone_is_evaluated_again(folder: Path) -> None:
    read(folder)
    (file,) = folder.glob("cache/evaluations/*/matches_segm.npz")
    file.unlink()
    assert read(folder)[1] == ["reading mine", "evaluating mine"]
    assert file.is_file()


def test_warnings_name_the_file_that_was_given(folder: Path) -> None:
    records = json.loads((folder / "a.json").read_text())
    first = records[0]["image_id"]
    (folder / "a.json").write_text(json.dumps([r for r in records if r["image_id"] == first]))
    (row,) = read(folder)[0].rows
    told = [*row.evaluation["warnings"], *row.diagnosis["warnings"]]
    assert any(str(folder / "a.json") in text for text in told)
    assert not any("cache" in text for text in told)


def test_boxes_that_were_taken_from_masks_are_told(folder: Path) -> None:
    bare = json.loads((folder / "a.json").read_text())
    (told,) = read(folder)[0].warnings
    assert told.startswith("mine: its detections came without boxes")
    boxed = [{**of, "bbox": [1.0, 1.0, 5.0, 5.0]} for of in bare]
    (folder / "a.json").write_text(json.dumps([boxed[0], *bare[1:]]))
    (told,) = read(folder)[0].warnings
    assert told.startswith(f"mine: {len(bare) - 1:,} of {len(bare):,} detections came without")
    (folder / "a.json").write_text(json.dumps(boxed))
    assert read(folder)[0].warnings == ()


def test_a_heading_names_a_few_of_many_results(folder: Path) -> None:
    words = [f"r{number}={folder / 'a.json'}" for number in range(6)]
    found = read_results(folder / "ann.json", parse_results(words), print, resamples=0)
    assert found.name == "r0_r1_r2_r3_2 more" and len(found.rows) == 6
