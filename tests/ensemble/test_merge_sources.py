"""Sources that know some categories, sizes or images only, through the whole command."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands.in_process import exit_code
from support.merge_folder import QUICK, Folder, detection, mask_of, source

WBF = (*QUICK, "--method=wbf", "--mask=best")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def scores(folder: Folder, out: str = "out") -> dict[tuple[int, int], float]:
    """Written scores by image and category; every object is found once."""
    submission = folder.read("submission.json", out)
    found = {(d["image_id"], d["category_id"]): d["score"] for d in submission}
    assert len(found) == len(submission)
    return found


def write_general(folder: Folder) -> None:
    """Two models that find a rare and a frequent object in image 1, with a score of 0.6."""
    for name in ("g", "h"):
        folder.write(f"{name}.json", [detection(1, 3, 0.6), detection(1, 9, 0.6)])


def expert_detection(category_id: int, score: float) -> dict[str, Any]:
    """Where the object of category 3 is in image 1."""
    return {**detection(1, 3, score), "category_id": category_id}


def test_an_expert_s_silence_counts_only_where_it_knows(folder: Folder) -> None:
    write_general(folder)
    folder.write("e.json", [expert_detection(77, 0.9), expert_detection(78, 0.2)])
    folder.write("of_e.json", [{"id": 77, "name": "C3"}, {"id": 78, "name": "other"}])
    word = f"e=e.json,categories={folder.path}/of_e.json"
    assert folder.merge("g=g.json", "h=h.json", word, options=WBF) == 0
    # 9 is unknown to the expert, so that both of two sources have found it.
    assert scores(folder) == {(1, 3): pytest.approx(0.7), (1, 9): pytest.approx(0.6)}
    notes = folder.read("stats.json")["sources"]["e"]["notes"]
    assert notes["dropped, of a category that is not shared"] == 1


def test_an_expert_that_is_silent_where_it_knows_counts(folder: Folder) -> None:
    write_general(folder)
    folder.write("e.json", [expert_detection(78, 0.2)])
    folder.write("of_e.json", [{"id": 77, "name": "c3"}, {"id": 78, "name": "other"}])
    word = f"e=e.json,categories={folder.path}/of_e.json"
    assert folder.merge("g=g.json", "h=h.json", word, options=WBF) == 0
    assert scores(folder) == {(1, 3): pytest.approx(0.4), (1, 9): pytest.approx(0.6)}


def test_mapping_of_an_expert_is_printed(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("e.json", [expert_detection(77, 0.9)])
    folder.write("of_e.json", [{"id": 77, "name": "C3"}, {"id": 78, "name": "other"}])
    word = f"e=e.json,categories={folder.path}/of_e.json"
    assert folder.merge("a=a.json", word, options=QUICK) == 0
    printed = capsys.readouterr().err
    assert "e: 1 of 2 categories are shared" in printed
    assert "dropped" in printed and "name" in printed


def test_other_categories_of_an_expert_are_another_request(folder: Folder) -> None:
    folder.write("e.json", [expert_detection(77, 0.9)])
    folder.write("of_e.json", [{"id": 77, "name": "c3"}])
    word = f"e=e.json,categories={folder.path}/of_e.json"
    assert folder.merge("a=a.json", word, options=QUICK) == 0
    folder.write("of_e.json", [{"id": 77, "name": "c9"}])
    assert folder.merge("a=a.json", word, options=QUICK) == 2


def test_silence_of_all_can_be_left_out_by_frequency_group(folder: Folder) -> None:
    write_general(folder)
    folder.write("h.json", [detection(1, 7, 0.5)])
    assert folder.merge("g=g.json", "h=h.json", options=(*WBF, "--leave-out-absent=r")) == 0
    expected = {(1, 3): 0.6, (1, 9): 0.3, (1, 7): 0.25}
    assert scores(folder) == {key: pytest.approx(score) for key, score in expected.items()}
    assert folder.merge("g=g.json", options=(*WBF, "--leave-out-absent=x"), out="other") == 2


def test_a_source_does_not_count_in_images_it_was_not_run_on(folder: Folder) -> None:
    folder.write("g.json", [detection(1, 3, 0.6), detection(2, 3, 0.6)])
    folder.write("h.json", [detection(2, 9, 0.6)])
    assert folder.merge("g=g.json", "h=h.json", options=WBF) == 0
    expected = {(1, 3): 0.6, (2, 3): 0.3, (2, 9): 0.3}
    assert scores(folder) == {key: pytest.approx(score) for key, score in expected.items()}


def test_heads_are_combined_by_frequency_group(folder: Folder) -> None:
    """The tail of one source and the head of another, by training images."""
    options = (*QUICK, "--method=nms", "--iou-thr=1", "--rare-margin=0", "--common-margin=0")
    assert folder.merge("a=a.json,groups=r,c", "b=b.json,groups=f", options=options) == 0
    chosen = [d for d in source(1) if d["category_id"] != 9]
    chosen += [d for d in source(2) if d["category_id"] == 9]

    def key(d: dict[str, Any]) -> tuple[int, float]:
        return d["image_id"], -d["score"]

    assert sorted(folder.read("submission.json"), key=key) == sorted(chosen, key=key)
    stages = folder.read("stats.json")["stages"]
    assert stages["of a trusted category and size"]["all"] == len(chosen)


def test_heads_are_combined_by_training_instances(folder: Folder) -> None:
    """As rhead-cat of report 004 does it: a common category of 500 instances is not its tail."""
    tree = json.loads(folder.ann.read_text())
    (common,) = (category for category in tree["categories"] if category["frequency"] == "c")
    common["instance_count"] = 500
    folder.ann.write_text(json.dumps(tree))
    options = (*QUICK, "--method=nms", "--iou-thr=1", "--rare-margin=0", "--common-margin=0")
    sources = "a=a.json,groups=0001-0009,0010-0099", "b=b.json,groups=0100-0999,1000-inf"
    assert folder.merge(*sources, options=options) == 0
    chosen = [d for d in source(1) if d["category_id"] == 3]
    chosen += [d for d in source(2) if d["category_id"] != 3]
    found = [(d["image_id"], d["category_id"], d["score"]) for d in folder.read("submission.json")]
    assert sorted(found) == sorted((d["image_id"], d["category_id"], d["score"]) for d in chosen)


def square(side: int, score: float, column: int = 0) -> dict[str, Any]:
    found = detection(1, 3, score)
    return {**found, "segmentation": mask_of((20 * column, 0, side, side))}


def test_scales_are_trusted_with_their_sizes(folder: Folder) -> None:
    for name in ("low", "high"):
        folder.write(f"{name}.json", [square(4, 0.5), square(16, 0.7, column=1)])
    words = ("l=low.json,valid_area=10:", "h=high.json,valid_area=:10")
    assert folder.merge(*words, options=WBF) == 0
    # Each is the only source of its size: a score is not divided by two.
    assert sorted(d["score"] for d in folder.read("submission.json")) == [0.5, 0.7]
    sources = folder.read("stats.json")["sources"]
    assert [sources[name]["outside_valid_area"] for name in "hl"] == [1, 1]


def test_a_size_that_no_source_is_trusted_with_ends_with_2(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("a=a.json,valid_area=:10", "b=b.json,valid_area=12:")
    assert folder.merge(*words, options=QUICK) == 2
    assert "a side from 10 to 12 pixels" in capsys.readouterr().err


def test_mask_is_that_of_the_scale_that_suits_the_size(folder: Folder) -> None:
    """A small object: the mask of the larger scale, whichever scores higher."""
    for name, shift, score in (("s", 0, 0.9), ("t", 1, 0.4)):
        folder.write(f"{name}.json", [detection(1, 3, score, shift)])
    words = ("s=s.json,scale=800", "t=t.json,scale=1200")
    for method in ("wbf", "nms"):
        options = (*QUICK, f"--method={method}", "--mask=scale")
        assert folder.merge(*words, options=options, out=method) == 0
        (merged,) = folder.read("submission.json", method)
        assert merged["segmentation"] == detection(1, 3, 0, 1)["segmentation"]


def test_masks_by_scale_need_scales(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    options = (*QUICK, "--mask=scale")
    assert folder.merge("a=a.json,scale=800", "b=b.json", options=options) == 2
    assert "the scale of b is not known" in capsys.readouterr().err


def test_files_of_a_pattern_are_one_source(folder: Folder) -> None:
    found = source(1)
    for image in (1, 2, 5):
        part = [d for d in found if d["image_id"] == image]
        folder.write(f"part-{image}.json", part)
    assert folder.merge("a=a.json", "b=b.json", options=QUICK, out="one") == 0
    assert folder.merge("a=part-*.json", "b=b.json", options=QUICK, out="parts") == 0
    assert folder.bytes_of("submission.json", "one") == folder.bytes_of("submission.json", "parts")


def test_votes_that_no_pixel_wins_are_dropped_and_counted(folder: Folder) -> None:
    """Boxes agree, masks have no pixel in common, and a pixel needs two of two votes."""
    box = [0, 0, 20, 20]
    halves = [mask_of((0, 0, 9, 20)), mask_of((11, 0, 9, 20))]
    for name, segmentation in zip("st", halves, strict=True):
        found = {**detection(1, 3, 0.5), "segmentation": segmentation, "bbox": box}
        folder.write(f"{name}.json", [found, detection(2, 9, 0.5)])
    options = (*QUICK, "--mask=vote", "--mask-thr=1")
    assert folder.merge("s=s.json", "t=t.json", options=options) == 0
    assert [d["image_id"] for d in folder.read("submission.json")] == [2]
    stages = folder.read("stats.json")["stages"]
    assert stages["empty after the vote"] == {"all": 1, "r": 1, "c": 0, "f": 0}
    assert stages["written"]["all"] == 1


def test_margins_in_scores_keep_the_order_of_the_quota(folder: Folder) -> None:
    folder.write("noisy.json", source(3, num_false=60))
    for mode in ("sort", "score"):
        options = (*QUICK, f"--margin-mode={mode}", "--max-dets=9")
        assert folder.merge("a=a.json", "n=noisy.json", options=options, out=mode) == 0
    margins = {3: 0.1, 7: 0.05, 9: 0.0}
    written = [folder.read("submission.json", mode) for mode in ("sort", "score")]
    for plain, moved in zip(*written, strict=True):
        expected = (plain["score"] + margins[plain["category_id"]]) / 1.1
        assert moved == {**plain, "score": pytest.approx(expected)}
        assert 0 <= moved["score"] <= 1


@pytest.mark.parametrize("method", ["soft-nms", "nms+soft-nms"])
def test_soft_nms_lowers_scores_of_what_overlaps(folder: Folder, method: str) -> None:
    folder.write("c.json", [detection(1, 3, 0.8), detection(1, 3, 0.6, shift=3)])
    assert folder.merge("c=c.json", options=(*QUICK, f"--method={method}")) == 0
    # Boxes of 10 x 10, moved by 3: an IoU of 70 / 130.
    lowered = 0.6 * np.exp(-((70 / 130) ** 2) / 0.5)
    assert sorted(d["score"] for d in folder.read("submission.json")) == [
        pytest.approx(lowered),
        0.8,
    ]


def test_calibration_comes_before_fusion(folder: Folder) -> None:
    from ensemble.calibrate import main
    from longtail.commands import run

    words = [f"--pred={name}={folder.path}/{name}.json" for name in "ab"]
    arguments = ["fit", *words, f"--ann={folder.ann}", f"--out={folder.path}/c.json"]
    with pytest.raises(SystemExit) as ended:
        run(main, [*arguments, "--min-matches=2", "--folds=3"])
    assert ended.value.code == 0
    option = f"--calibration={folder.path}/c.json"
    assert folder.merge("a=a.json", "b=b.json", options=("--resamples=0", option)) == 0
    assert folder.merge("a=a.json", "b=b.json", options=QUICK, out="raw") == 0
    assert scores_of(folder, "out") != scores_of(folder, "raw")
    tree = folder.read("evaluation.json")
    assert list(tree["steps"]) == ["union", "calibration", "fusion", "masks", "cap", "merged"]
    assert "calibrated_quantiles" in folder.read("stats.json")["sources"]["a"]


def test_a_source_that_was_not_fitted_keeps_its_scores_and_is_told(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    from ensemble.calibrate import main

    folder.write("x.json", [detection(5, 9, 0.75, shift=-18)])
    words = f"--pred=a={folder.path}/a.json", f"--ann={folder.ann}", "--min-matches=2"
    assert exit_code(main, "fit", *words, f"--out={folder.path}/c.json", "--folds=3") == 0
    options = (*QUICK, f"--calibration={folder.path}/c.json", "--method=nms")
    capsys.readouterr()
    assert folder.merge("a=a.json", "x=x.json", options=options) == 0
    assert "warning: x: not in the calibration" in capsys.readouterr().err
    assert 0.75 in scores_of(folder, "out")
    folder.write("empty.json", [])
    assert folder.merge("a=a.json", "e=empty.json", options=options, out="empty") == 0
    assert "not in the calibration" not in capsys.readouterr().err


def test_a_calibration_of_none_of_the_sources_is_refused(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    from ensemble.calibrate import main

    words = f"--pred=a={folder.path}/a.json", f"--ann={folder.ann}", "--min-matches=2"
    assert exit_code(main, "fit", *words, f"--out={folder.path}/c.json") == 0
    options = (*QUICK, f"--calibration={folder.path}/c.json")
    assert folder.merge("x=a.json", "y=b.json", options=options) == 2
    assert "the calibration has no source x, y, only a" in capsys.readouterr().err


def scores_of(folder: Folder, out: str) -> list[float]:
    return sorted(d["score"] for d in folder.read("submission.json", out))


def test_another_calibration_is_another_request(folder: Folder) -> None:
    (folder.path / "c.json").write_text(json.dumps({}))
    option = f"--calibration={folder.path}/c.json"
    assert folder.merge("a=a.json", "b=b.json", options=(*QUICK, option)) == 3
