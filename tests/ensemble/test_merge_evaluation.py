"""AP of sources, steps and the merge, as the command tells it."""

from pathlib import Path

import pandas as pd
import pytest
from support.merge_folder import (
    CATEGORY_IDS,
    IMAGE_IDS,
    QUICK,
    Folder,
    detection,
    lvis_file,
    source,
)

from ensemble import merge_job as job
from ensemble.merge import main


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_table_has_a_row_per_source_and_one_for_the_merge(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.merge("a=a.json", "b=b.json") == 0
    tree = folder.read("evaluation.json")
    assert list(tree["sources"]) == ["a", "b"]
    assert tree["steps"]["merged"]["segm"]["AP50"] == pytest.approx(1.0)
    assert "python -m ensemble.validate" in capsys.readouterr().out


def test_gain_over_the_best_source_has_an_interval(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [(image, category) for image in IMAGE_IDS for category in CATEGORY_IDS]
    folder.write("bad.json", [detection(*pair, score=0.5, shift=4) for pair in pairs])
    assert folder.merge("a=a.json", "bad=bad.json", options=("--resamples=50",)) == 0
    output = capsys.readouterr().out
    tree = folder.read("evaluation.json")
    against, merged, rows = tree["against_best_source"], tree["steps"]["merged"], tree["sources"]
    assert rows["a"]["segm"]["AP"] > rows["bad"]["segm"]["AP"]
    assert (against["source"], against["kind"], against["resamples"]) == ("a", "segm", 50)
    for metric in ("AP", "APr", "APc", "APf"):
        difference = against["metrics"][metric]
        gain = merged["segm"][metric] - rows["a"]["segm"][metric]
        assert difference["difference"] == pytest.approx(gain)
        assert difference["low"] <= difference["high"]
        interval = merged["intervals"]["segm"]["metrics"][metric]
        assert interval["value"] == pytest.approx(merged["segm"][metric])
    assert "95% interval" in output and "merged minus a, the best source" in output
    assert not list((folder.path / "out").glob(".*"))


def test_the_table_is_a_csv_too(folder: Folder) -> None:
    path = folder.path / "merged.csv"
    assert folder.merge("a=a.json", "b=b.json", options=("--csv", str(path))) == 0
    found = pd.read_csv(path, index_col=["kind", "name"])
    assert [name for _, name in found.index] == ["a", "b", *folder.read("evaluation.json")["steps"]]
    merged = folder.read("evaluation.json")["steps"]["merged"]
    assert found.AP[("step", "merged")] == pytest.approx(100 * merged["segm"]["AP"])


@pytest.mark.parametrize("without", ["--no-evaluate", "--dry-run"])
def test_a_csv_of_nothing_is_refused_before_anything_is_read(
    without: str, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder.path / "merged.csv"
    assert folder.merge("a=a.json", options=("--csv", str(path), without)) == 2
    assert "--csv: nothing is evaluated" in capsys.readouterr().err
    assert folder.merge("a=a.json", options=("--csv", str(folder.path / "no/merged.csv"))) == 2
    assert "first" in capsys.readouterr().err and not (folder.path / "out").exists()


@pytest.mark.parametrize("name", ["a.json", "a/matches_segm.npz"])
def test_a_damaged_evaluation_of_an_interrupted_merge_is_made_again(
    name: str,
    folder: Folder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = ("--resamples=20",)
    with monkeypatch.context() as patch:
        patch.setattr(job, "write_submissions", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert folder.merge("a=a.json", "b=b.json", options=options) == 130
    file = folder.path / "out/.work/evaluation/sources" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    capsys.readouterr()
    assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    text = capsys.readouterr().err
    assert "evaluating again" in text and "evaluating a" in text and "evaluating b" not in text
    assert folder.merge("a=a.json", "b=b.json", out="whole", options=options) == 0
    assert folder.read("evaluation.json") == folder.read("evaluation.json", "whole")


def test_a_source_merged_with_itself_gains_nothing(folder: Folder) -> None:
    options = ("--method=nms", "--iou-thr=1", "--resamples=20")
    assert folder.merge("a=a.json", options=options) == 0
    against = folder.read("evaluation.json")["against_best_source"]
    assert {(d["difference"], d["low"], d["high"]) for d in against["metrics"].values()} == {
        (0, 0, 0)
    }


def test_no_resamples_give_no_intervals(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=("--resamples=0",)) == 0
    tree = folder.read("evaluation.json")
    rows = [*tree["sources"].values(), *tree["steps"].values()]
    assert all(row["intervals"] == {} for row in rows)
    assert "against_best_source" not in tree
    assert "interval" not in capsys.readouterr().out


def test_margins_do_not_change_ap_where_the_cap_does_not_bind(folder: Folder) -> None:
    folder.write("noisy.json", source(3, num_false=100))
    none = ("--rare-margin=0", "--common-margin=0")
    assert folder.merge("a=a.json", "b=noisy.json", out="with") == 0
    assert folder.merge("a=a.json", "b=noisy.json", out="without", options=none) == 0
    rows = [folder.read("evaluation.json", out)["steps"]["merged"] for out in ("with", "without")]
    assert rows[0] == rows[1]
    assert 0 < rows[0]["segm"]["AP"] < 1
    assert set(rows[0]["change"].values()) == {0}


def test_test_file_without_annotations_is_merged_and_not_evaluated(folder: Folder) -> None:
    tree = lvis_file()
    del tree["annotations"]
    folder.ann = folder.write("image_info.json", tree)
    assert folder.merge("a=a.json", "b=b.json") == 0
    assert not (folder.path / "out/evaluation.json").exists()
    assert folder.read("submission.json")


def test_steps_tell_what_each_changes(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.write("noisy.json", source(3, num_false=100))
    options = ("--resamples=0", "--max-dets=2", "--mask=vote")
    assert folder.merge("a=a.json", "b=b.json", "n=noisy.json", options=options) == 0
    tree = folder.read("evaluation.json")
    steps = tree["steps"]
    assert list(steps) == ["union", "fusion", "masks", "cap", "merged"]
    assert steps["union"]["change"] == {}
    before = steps["union"]
    for row in [*steps.values()][1:]:
        for metric in ("AP", "APr", "APc", "APf"):
            change = row["segm"][metric] - before["segm"][metric]
            assert row["change"][metric] == pytest.approx(change)
        before = row
    # Three detections of each object, two of them duplicates, or one.
    assert steps["fusion"]["segm"]["AP50"] > steps["union"]["segm"]["AP50"]
    assert set(steps["merged"]["change"].values()) != {0}
    assert "mask AP step by step" in capsys.readouterr().out


def test_union_holds_every_detection_and_no_cap(folder: Folder) -> None:
    """Its AP is that of a file with all detections of all sources."""
    folder.write("all.json", source(1) + source(2))
    assert folder.merge("a=a.json", "b=b.json", options=("--resamples=0", "--max-dets=1")) == 0
    options = ("--resamples=0", "--no-steps")
    assert folder.merge("all=all.json", out="other", options=options) == 0
    union = folder.read("evaluation.json")["steps"]["union"]
    other = folder.read("evaluation.json", "other")
    assert union["segm"] == other["sources"]["all"]["segm"]
    assert union["segm_fixed"] == other["sources"]["all"]["segm_fixed"]
    assert list(other["steps"]) == ["merged"]


def test_a_source_may_have_the_name_of_a_step(folder: Folder) -> None:
    options = ("--resamples=20",)
    assert folder.merge("union=a.json", "fusion=b.json", options=options) == 0
    assert folder.merge("a=a.json", "b=b.json", out="other", options=options) == 0
    named, other = (folder.read("evaluation.json", out) for out in ("out", "other"))
    assert [*named["sources"].values()] == [other["sources"][name] for name in "ba"]
    assert named["steps"] == other["steps"]


def test_rows_of_an_interrupted_merge_are_kept(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ensemble.outputs import submissions

    with monkeypatch.context() as patch:
        patch.setattr(submissions, "export_json", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            job_run(folder, "--resamples=20")
    assert "evaluating a" in capsys.readouterr().err
    assert folder.merge("a=a.json", "b=b.json", options=("--resamples=20",)) == 0
    assert "evaluating" not in capsys.readouterr().err
    assert folder.merge("a=a.json", "b=b.json", out="other", options=("--resamples=20",)) == 0
    assert folder.bytes_of("evaluation.json") == folder.bytes_of("evaluation.json", "other")


def job_run(folder: Folder, *options: str) -> None:
    words = [f"--pred={name}={folder.path}/{name}.json" for name in "ab"]
    paths = [f"--ann={folder.ann}", f"--out={folder.path}/out"]
    main([*words, *paths, *options], standalone_mode=False)


def test_steps_change_no_byte_of_the_submission(folder: Folder) -> None:
    for out, options in (("with", ()), ("without", ("--no-steps",)), ("quick", QUICK)):
        options = (*options, "--mask=vote", "--max-dets=5", "--resamples=0")
        assert folder.merge("a=a.json", "b=b.json", out=out, options=options) == 0
    submissions = {folder.bytes_of("submission.json", out) for out in ("with", "without", "quick")}
    assert len(submissions) == 1
    assert not list((folder.path / "with").glob(".*"))
