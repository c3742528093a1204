"""Fits of what a merge takes: sources of boxes alone, few detections, exhaustive labels."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.calibration_scene import MODELS, Scene, write_masks
from support.commands.in_process import exit_code
from support.merge_folder import Folder as MergeFolder
from support.merge_folder import detection

from ensemble.calibrate import main
from ensemble.calibration.file import Calibration
from ensemble.merge import main as merge
from ensemble.tune import main as tune
from longtail.categories import CategoryTable
from longtail.evaluation.__main__ import main as evaluation
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import Source, StoreWriter

Captured = pytest.CaptureFixture[str]


class Folder:
    """A temporary folder with ann.json and the sources a.json to c.json, all with masks, and
    boxes.json without."""

    def __init__(self, path: Path) -> None:
        self.path = path
        write_masks(path, 80)
        self.write("boxes.json", Scene(80).detections(MODELS["b"]))

    def write(self, name: str, tree: object) -> None:
        (self.path / name).write_text(json.dumps(tree))

    def read(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    def fit(self, *options: str, out: str = "out.json", **sources: str) -> int:
        preds = [f"--pred={name}={self.path / file}" for name, file in sources.items()]
        words = f"--ann={self.path}/ann.json", f"--out={self.path / out}"
        return exit_code(main, "fit", *words, *preds, *options)

    def calibration(self, out: str = "out.json") -> Calibration:
        return Calibration.load(self.path / out)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_source_of_boxes_beside_one_with_masks_is_judged_by_its_boxes(
    folder: Folder, capsys: Captured
) -> None:
    assert folder.fit(a="a.json", b="boxes.json") == 0
    mixed = folder.calibration()
    assert (mixed.overlap_of("a"), mixed.overlap_of("b")) == ("segm", "box")
    assert "b, by boxes" in capsys.readouterr().out
    assert folder.fit("--overlap=box", out="box.json", b="boxes.json") == 0
    assert mixed.sources["b"] == folder.calibration("box.json").sources["b"]


def test_boxes_beside_empty_lists_are_boxes(folder: Folder) -> None:
    records = [{**r, "segmentation": []} for r in folder.read("boxes.json")]
    folder.write("empty_lists.json", records)
    assert folder.fit(a="a.json", b="empty_lists.json") == 0
    assert folder.fit(out="plain.json", a="a.json", b="boxes.json") == 0
    assert folder.calibration() == folder.calibration("plain.json")


def test_annotations_of_boxes_judge_by_boxes_and_say_so(folder: Folder, capsys: Captured) -> None:
    tree = folder.read("ann.json")
    for record in tree["annotations"]:
        del record["segmentation"]
    folder.write("ann.json", tree)
    assert folder.fit(a="a.json") == 0
    assert "boxes only, so that right goes by boxes" in capsys.readouterr().err
    assert folder.calibration().overlap == "box"


def test_a_source_with_few_detections_shares_a_map_and_a_group_takes_its_source_s(
    folder: Folder, capsys: Captured
) -> None:
    few = [r for r in folder.read("b.json") if r["image_id"] <= 2]
    folder.write("few.json", few)
    assert folder.fit("--min-matches=100", a="a.json", few="few.json") == 0
    said = capsys.readouterr()
    assert "of all sources: slope" in said.out and "too few" in said.out
    assert "few: " in said.err and "it uses one map of all sources together" in said.err
    calibration = folder.calibration()
    assert set(calibration.sources["few"].taken.values()) == {"all sources"}
    taken = calibration.sources["a"].taken
    assert (taken["all"], taken["r"], taken["f"]) == ("source", "source", "group")
    assert folder.fit("--min-matches=100", out="again.json", few="few.json", a="a.json") == 0
    assert (folder.path / "again.json").read_bytes() == (folder.path / "out.json").read_bytes()


def test_too_few_of_all_leave_scores_as_they_are(folder: Folder, capsys: Captured) -> None:
    assert folder.fit("--min-matches=100000", a="a.json", b="b.json") == 0
    said = capsys.readouterr()
    assert "unchanged" in said.out and said.err.count("its scores stay as they are") == 2
    words = f"--calibration={folder.path}/out.json", f"--ann={folder.path}/ann.json"
    apply = "apply", *words, f"--pred=a={folder.path}/a.json", f"--out={folder.path}/same.json"
    assert exit_code(main, *apply) == 0
    before = sorted(record["score"] for record in folder.read("a.json"))
    assert sorted(record["score"] for record in folder.read("same.json")) == before
    assert "a: was fitted to too few detections" in capsys.readouterr().err


def test_a_source_of_which_nothing_is_judged_passes(folder: Folder, capsys: Captured) -> None:
    tree = folder.read("ann.json")
    for image in tree["images"]:
        image["neg_category_ids"] = []
    folder.write("ann.json", tree)
    present = {(a["image_id"], a["category_id"]) for a in tree["annotations"]}
    wrong = [r for r in folder.read("a.json") if (r["image_id"], r["category_id"]) not in present]
    folder.write("wrong.json", wrong)
    assert folder.fit(a="a.json", wrong="wrong.json") == 0
    said = capsys.readouterr().err
    assert f"wrong: 0 of {len(wrong)} detections judged" in said
    assert said.count("give --exhaustive if yours are labelled exhaustively") == 1
    assert folder.calibration().whose("wrong", "all") == "all sources"


def test_exhaustive_labels_judge_as_complete_lists_do(folder: Folder) -> None:
    assert folder.fit(out="listed.json", a="a.json") == 0
    tree = folder.read("ann.json")
    for image in tree["images"]:
        del image["neg_category_ids"], image["not_exhaustive_category_ids"]
    folder.write("ann.json", tree)
    assert folder.fit(a="a.json") == 3
    assert folder.fit("--exhaustive", a="a.json") == 0
    assert folder.calibration().exhaustive
    assert folder.calibration().sources == folder.calibration("listed.json").sources


def test_records_that_cannot_be_used_may_be_dropped(folder: Folder, capsys: Captured) -> None:
    records = folder.read("a.json")
    folder.write("faulty.json", [*records, {**records[0], "category_id": 99}])
    assert folder.fit(a="faulty.json") == 3
    assert "faulty.json" in capsys.readouterr().err
    assert folder.fit("--drop-invalid", a="faulty.json") == 0
    assert folder.fit(out="whole.json", a="a.json") == 0
    assert folder.calibration() == folder.calibration("whole.json")


def test_a_merge_counts_what_is_judged_and_takes_exhaustive_labels(
    tmp_path: Path, capsys: Captured
) -> None:
    folder = MergeFolder(tmp_path)
    folder.write("one.json", [detection(1, 3, 0.9), detection(1, 7, 0.8)])
    tree = json.loads(folder.ann.read_text())
    tree["annotations"] = [a for a in tree["annotations"] if a["category_id"] != 7]
    folder.write("ann.json", tree)
    options = ("--resamples=0", "--with-bbox")
    assert folder.merge("a=one.json", options=options) == 0
    said = capsys.readouterr()
    assert "a: 1 of 2 detections judged" in said.out
    assert "merged: 1 of 2 detections judged" in said.out
    assert said.err.count("give --exhaustive") == 1
    evaluation = folder.read("evaluation.json")
    assert evaluation["sources"]["a"]["counts"] == {
        "detections": 2,
        "judged_masks": 1,
        "judged_boxes": 1,
    }
    assert len(evaluation["warnings"]) == 1
    assert "exhaustive" not in folder.read("merge.json")["settings"]
    assert "exhaustive" not in (tmp_path / "out/merge.yaml").read_text()
    assert folder.merge("a=one.json", options=(*options, "--exhaustive"), out="all") == 0
    said = capsys.readouterr()
    assert "a: all 2 detections judged" in said.out and "give --exhaustive" not in said.err
    assert folder.read("merge.json", "all")["settings"]["exhaustive"]
    assert "exhaustive: true" in (tmp_path / "all/merge.yaml").read_text()
    assert folder.merge("a=one.json", options=("--exhaustive",)) == 2
    assert "other settings" in capsys.readouterr().err


def test_annotations_that_cannot_be_judged_end_a_merge_before_it_reads_sources(
    tmp_path: Path, capsys: Captured
) -> None:
    folder = MergeFolder(tmp_path)
    tree = json.loads(folder.ann.read_text())
    for image in tree["images"]:
        del image["neg_category_ids"]
    folder.write("ann.json", tree)
    for options in ((), ("--dry-run",)):
        assert folder.merge("a=a.json", options=options) == 3
        said = capsys.readouterr().err
        assert "neg_category_ids" in said and "reading" not in said
    assert not (tmp_path / "out").exists()


def test_no_error_of_a_mended_store_names_a_temporary_folder(
    tmp_path: Path, capsys: Captured
) -> None:
    """A store with a repeat is copied without it; the unknown category is found in the copy."""
    folder = Folder(tmp_path)
    ann = tmp_path / "ann.json"
    images, categories = ImageSet.from_json(ann), CategoryTable.from_json(ann)
    plain = import_json(tmp_path / "a.json", images, categories, tmp_path / "plain", Source("a"))
    (block, *others) = plain.blocks()
    rows = np.sort(np.append(np.arange(len(block)), 0))
    faulty = block.take(rows)
    faulty.category_id[5] = 99
    writer = StoreWriter(tmp_path / "faulty", images, Source("a"))
    writer.write_shard(0, [faulty, *others])
    writer.finish()
    unknown = f"error: {tmp_path}/faulty: category_id 99 of image 1 is not in {ann};"
    sources = f"--pred=a={tmp_path}/faulty", f"--pred=b={tmp_path}/b.json"
    of = *sources, f"--ann={ann}", "--resamples=0"
    assert folder.fit(a="faulty") == 3
    assert exit_code(merge, *of, f"--out={tmp_path}/merged") == 3
    assert exit_code(tune, *of, f"--out={tmp_path}/tuned", "--search=margins") == 3
    assert exit_code(evaluation, str(ann), str(tmp_path / "faulty")) == 3
    assert capsys.readouterr().err.count(unknown) == 4
