"""Results that cover a quarter of the images, or none, in every command that is given them.

A submission of minival against val: the ids of its two images are among those of the eight.
"""

import json
from pathlib import Path

import click
import pytest
from support.commands.in_process import exit_code
from support.merge_folder import QUICK, Folder, source

from ensemble import calibrate, merge, validate
from longtail.evaluation import diagnose
from longtail.evaluation.__main__ import main as evaluation

IMAGES = tuple(range(1, 9))
TWO = "has detections in only 2 of 8 images"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path, IMAGES)
    folder.write("minival.json", source(3, image_ids=(1, 2)))
    return folder


def _told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What is on the standard output and on that of errors, without line ends."""
    captured = capsys.readouterr()
    return " ".join(captured.out.split()), " ".join(captured.err.split())


@pytest.mark.parametrize("command", [evaluation, diagnose.main])
def test_an_evaluation_says_it_once(
    command: click.Command, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    results = folder.path / "minival.json"
    assert exit_code(command, str(folder.ann), str(results)) == 0
    told = " ".join(_told(capsys))
    assert told.count(f"{results} {TWO} with objects") == told.count("another split") == 1
    assert exit_code(command, str(folder.ann), str(folder.path / "a.json")) == 0
    assert "another split" not in "".join(_told(capsys))


def test_results_without_a_record_are_told_too(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    none = folder.write("none.json", [])
    assert exit_code(evaluation, str(folder.ann), str(none)) == 0
    assert "has no detection in any of 8 images with objects" in " ".join(_told(capsys))


def test_the_other_set_of_a_comparison_is_looked_at_too(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(folder.ann), str(folder.path / "a.json"), "--bootstrap=20"]
    assert exit_code(evaluation, *words, f"--compare={folder.path / 'minival.json'}") == 0
    assert f"minival.json {TWO}" in " ".join(_told(capsys))


def test_a_check_of_a_submission_says_it_in_its_last_line(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(folder.path / "minival.json"), f"--ann={folder.ann}"]
    assert exit_code(validate.main, *words, f"--json={folder.path / 'v.json'}") == 0
    out, err = _told(capsys)
    assert TWO in err and TWO not in out
    assert out.endswith("fit for submission; but it finds nothing in most images, see the warning")
    assert TWO in json.loads((folder.path / "v.json").read_text())["uncovered"]


def test_a_merge_says_it_once_and_on_a_rerun(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    preds = ("a=a.json", "few=minival.json")
    assert folder.merge(*preds, options=QUICK) == 0
    assert _told(capsys)[1].count(f"few {TWO}") == 1
    assert folder.merge(*preds, options=QUICK) == 0
    assert f"few {TWO}" in _told(capsys)[1]
    assert folder.merge("a=a.json", "b=b.json", options=QUICK, out="whole") == 0
    assert "another split" not in _told(capsys)[1]


def test_an_expert_need_not_find_something_in_most_images(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    expert = f"few=minival.json,categories={folder.ann}"
    assert folder.merge("a=a.json", expert, options=QUICK) == 0
    assert "another split" not in _told(capsys)[1]


def test_a_dry_run_says_it(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"--pred={n}={folder.path / n}.json" for n in ("a", "minival")]
    out = f"--out={folder.path / 'out'}"
    assert exit_code(merge.main, *words, f"--ann={folder.ann}", out, "--dry-run") == 0
    assert f"minival {TWO}" in _told(capsys)[1]


def test_a_calibration_says_it_once(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    half = folder.write("half.json", source(3, image_ids=(1, 2, 3, 4)))
    words = [f"--pred=few={half}", f"--out={folder.path / 'c.json'}", f"--ann={folder.ann}"]
    assert exit_code(calibrate.main, "fit", *words, "--min-matches=1", "--overlap=box") == 0
    assert _told(capsys)[1].count("few has detections in only 4 of 8 images with objects") == 1


def test_results_of_unknown_images_are_refused_with_their_ids(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    other = folder.write("other.json", source(4, image_ids=(1, 77)))
    for words in (
        (evaluation, str(folder.ann), str(other)),
        (validate.main, str(other), f"--ann={folder.ann}"),
    ):
        assert exit_code(*words) == 3
        told = " ".join(_told(capsys))
        assert "image_id: is not in the annotation file" in told and "(77)" in told
