"""Merges of sources as distributed or unlucky models write them: what is counted, told, refused."""

from pathlib import Path

import pytest
from support.merge_folder import QUICK, Folder, detection, source

from longtail.predictions.store import PredictionStore


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


Captured = pytest.CaptureFixture[str]


def test_scores_over_1_end_with_3_or_are_divided(folder: Folder, capsys: Captured) -> None:
    folder.write("percent.json", [{**r, "score": 100 * r["score"]} for r in source(1)])
    for options in (QUICK, (*QUICK, "--drop-invalid")):
        assert folder.merge("a=percent.json", "b=b.json", options=options) == 3
        assert "score: is over 1" in capsys.readouterr().err
    words = ("a=percent.json,max_score=100", "b=b.json")
    assert folder.merge(*words, out="percent", options=QUICK) == 0
    assert folder.merge("a=a.json", "b=b.json", out="shares", options=QUICK) == 0
    percent, shares = (folder.read("submission.json", out) for out in ("percent", "shares"))
    assert [r["score"] for r in percent] == pytest.approx([r["score"] for r in shares], rel=1e-14)
    assert "max_score=100.0" in (folder.path / "percent/merge.yaml").read_text()


def test_rounding_over_1_is_cut_and_told(folder: Folder, capsys: Captured) -> None:
    folder.write("c.json", [*source(1), detection(1, 3, 1.0000001192092896)])
    assert folder.merge("c=c.json", "b=b.json", options=QUICK) == 0
    assert "warning: c: 1 scores miss 0 to 1 by a rounding error" in capsys.readouterr().err


@pytest.mark.parametrize("options", [(), QUICK, ("--dry-run",)])
def test_repeats_over_rank_files_change_nothing_and_are_told(
    folder: Folder, capsys: Captured, options: tuple[str, ...]
) -> None:
    ones, others = (
        [r for r in source(1) if (r["image_id"] == 1) == is_1] for is_1 in (True, False)
    )
    folder.write("rank0.json", ones)
    folder.write("rank1.json", [*others, *ones, *ones])
    assert folder.merge("a=rank*.json", "b=b.json", out="ranks", options=options) == 0
    said = capsys.readouterr().err
    assert f"warning: a: {2 * len(ones)} records in 2 images repeat another one exactly" in said
    if "--dry-run" in options:
        return
    assert folder.merge("a=a.json", "b=b.json", out="once", options=options) == 0
    assert "repeat another" not in capsys.readouterr().err
    assert folder.bytes_of("submission.json", "ranks") == folder.bytes_of("submission.json", "once")


def test_parts_and_sources_without_a_detection_pass_and_are_told(
    folder: Folder, capsys: Captured
) -> None:
    folder.write("part0.json", [])
    folder.write("part1.json", source(1))
    folder.write("empty.json", [])
    words = ("a=part*.json", "b=b.json", "e=empty.json")
    assert folder.merge(*words, options=("--resamples", "20")) == 0
    said = capsys.readouterr().err
    assert "warning: e has no detection in any of 3 images" in said
    assert "warning: a has no detection" not in said
    assert folder.read("evaluation.json")["sources"]["e"]["segm"]["AP"] == 0


def test_a_merge_of_nothing_is_an_empty_list(folder: Folder, capsys: Captured) -> None:
    folder.write("empty.json", [])
    assert folder.merge("a=empty.json", "b=empty.json", options=("--resamples", "0")) == 0
    assert folder.read("submission.json") == []
    assert PredictionStore.open(folder.path / "out/merged").num_detections == 0


def test_boxes_of_another_convention_end_with_3_and_its_name(
    folder: Folder, capsys: Captured
) -> None:
    corners = []
    for record in source(1):
        x, y = 5 + 18 * (3, 7, 9).index(record["category_id"]), 10
        corners.append({**detection(record["image_id"], record["category_id"], record["score"])})
        corners[-1]["bbox"] = [x, y, x + 10, y + 10]
    folder.write("corners.json", corners)
    for options in (QUICK, (*QUICK, "--drop-invalid")):
        assert folder.merge("a=corners.json", "b=b.json", options=options) == 3
        assert "fit them as x1, y1, x2, y2 in pixels (1.00)" in capsys.readouterr().err
