"""Masks by `score_mask`, boxes by `score`, each with a cut of its own; sources with boxes only."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.merge_folder import QUICK, Folder, detection, object_box, source

from longtail.categories import CategoryTable
from longtail.evaluation.lvis import evaluate
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import PredictionStore, Source, StoreWriter

Record = dict[str, Any]

# Written by the program before it told the two scores apart; with margins in the scores it divided
# them by 1.1, and now by 4 / 3 + 0.1, as scores can go up to 4 / 3 with these weights.
BYTES_OF_JSON_SOURCES = {
    (): "cb63d5f894398453",
    ("--with-bbox",): "770594c990a458f2",
    ("--method=nms", "--with-bbox"): "c86943d21af344ad",
    ("--method=nms+soft-nms", "--mask=vote"): "f20d0f477abe0566",
    ("--margin-mode=score", "--max-dets=2"): "7c4c99ebd92fafa0",
    ("--match=mask", "--mask-weights=score"): "9c81d6982152b4d6",
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def boxes_of(records: list[Record]) -> list[Record]:
    """The same objects as a detector of boxes finds them."""
    return [
        {
            "image_id": record["image_id"],
            "category_id": record["category_id"],
            "score": record["score"],
            "bbox": list(object_box(record["category_id"])),
        }
        for record in records
    ]


def scored(folder: Folder, name: str, factors: list[float]) -> PredictionStore:
    """A source's file as a store of a mask-scoring head."""
    images, categories = ImageSet.from_json(folder.ann), CategoryTable.from_json(folder.ann)
    plain = import_json(
        folder.path / f"{name}.json",
        images,
        categories,
        folder.path / f"{name}.plain",
        Source(name),
    )
    columns = plain.read_all()
    share = np.resize(np.array(factors), len(columns))
    writer = StoreWriter(folder.path / f"{name}.store", images, Source(name))
    writer.write_shard(0, [replace(columns, score_mask=columns.score * share)])
    return writer.finish()


@pytest.mark.parametrize("options", BYTES_OF_JSON_SOURCES)
def test_sources_of_one_score_give_the_bytes_they_always_gave(
    options: tuple[str, ...], folder: Folder
) -> None:
    assert folder.merge("a=a.json,weight=2", "b=b.json", options=(*QUICK, *options)) == 0
    digest = hashlib.sha256(folder.bytes_of("submission.json")).hexdigest()
    assert digest.startswith(BYTES_OF_JSON_SOURCES[options])


def test_both_submissions_of_one_score_hold_the_same_objects(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=(*QUICK, "--with-bbox")) == 0
    masks, boxes = folder.read("submission.json"), folder.read("submission_box.json")
    for record in masks:
        del record["segmentation"]
    assert masks == boxes


def test_no_submission_of_boxes_unless_asked_for(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    names = {path.name for path in (folder.path / "out").iterdir()}
    assert not names & {"submission_box.json", "merged_boxes"}


@pytest.mark.parametrize("method", ["wbf", "nms", "nms+soft-nms"])
def test_each_submission_goes_by_its_own_scores_and_cut(method: str, folder: Folder) -> None:
    for name in "ab":
        scored(folder, name, [0.2, 0.9, 0.5, 1.0])
    options = (*QUICK, "--with-bbox", "--max-dets=2", "--rare-margin=0", "--common-margin=0")
    everything = ("a=a.store", "b=b.store")
    assert folder.merge(*everything, options=(*options[:-3], f"--method={method}"), out="all") == 0
    assert folder.merge(*everything, options=(*options, f"--method={method}")) == 0
    for store, file, key in (
        ("merged", "submission.json", "score_mask"),
        ("merged_boxes", "submission_box.json", "score"),
    ):
        rows = PredictionStore.open(folder.path / "all" / store).read_all()
        best: list[float] = []
        for image in (1, 2, 5):
            best += sorted(getattr(rows, key)[rows.image_id == image], reverse=True)[:2]
        assert [record["score"] for record in folder.read(file)] == best
    assert folder.read("submission.json") != folder.read("submission_box.json")
    assert sum(folder.read("stats.json")["boxes"]["cut"].values()) > 0


def test_evaluation_takes_masks_by_their_scores_and_boxes_by_theirs(folder: Folder) -> None:
    for name in "ab":
        scored(folder, name, [0.2, 0.9, 0.5, 1.0])
    options = ("--with-bbox", "--max-dets=2", "--resamples=0")
    assert folder.merge("a=a.store", "b=b.store", options=options) == 0
    tree, out = folder.read("evaluation.json"), folder.path / "out"
    masks, boxes = (evaluate(folder.ann, out / f"submission{end}.json") for end in ("", "_box"))
    assert tree["steps"]["merged"]["segm"] == masks.segm
    assert tree["box_submission"]["box"] == boxes.box
    assert tree["steps"]["cap"]["segm"] is not None


def test_a_finished_folder_vouches_for_its_boxes(folder: Folder) -> None:
    options = (*QUICK, "--with-bbox", "--zip")
    assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    files = folder.read("result.json")["files"]
    assert {"submission_box.zip", "merged_boxes/shard-00000.parquet"} <= set(files)
    before = folder.bytes_of("submission_box.zip")
    (folder.path / "out" / "merged_boxes" / "shard-00000.parquet").unlink()
    assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    assert folder.bytes_of("submission_box.zip") == before
    assert folder.read("result.json")["files"] == files


def test_boxes_vote_on_boxes_and_scores_and_carry_no_mask(folder: Folder) -> None:
    folder.write("a.json", [detection(1, 9, 0.9, 1)])
    folder.write("boxes.json", boxes_of([detection(1, 9, 0.6), detection(2, 9, 0.7)]))
    options = (*QUICK, "--with-bbox")
    assert folder.merge("a=a.json", "det=boxes.json", options=options) == 0
    (mask,) = folder.read("submission.json")
    assert mask["segmentation"] == detection(1, 9, 0.9, 1)["segmentation"]
    assert mask["score"] == pytest.approx(0.75)
    x = object_box(9)[0]
    assert mask["bbox"][0] == pytest.approx((0.9 * (x + 1) + 0.6 * x) / 1.5)
    boxes = folder.read("submission_box.json")
    assert [record["image_id"] for record in boxes] == [1, 2]
    assert boxes[0]["score"] == mask["score"] and "segmentation" not in boxes[0]
    stats = folder.read("stats.json")
    assert stats["clusters_without_mask"] == {"r": 0, "c": 0, "f": 1}
    assert stats["stages"]["clusters"]["all"] == 2 and stats["stages"]["written"]["all"] == 1
    assert stats["sources"]["det"]["to_fusion"] == 2


@pytest.mark.parametrize("mask", ["best", "vote", "scale"])
def test_the_mask_is_of_a_member_that_has_one(mask: str, folder: Folder) -> None:
    folder.write("a.json", [detection(1, 9, 0.4)])
    folder.write("boxes.json", boxes_of([detection(1, 9, 0.9)]))
    preds = ("a=a.json,scale=600", "det=boxes.json,scale=800")
    assert folder.merge(*preds, options=(*QUICK, f"--mask={mask}")) == 0
    (found,) = folder.read("submission.json")
    assert found["segmentation"] == detection(1, 9, 0.4)["segmentation"]


def test_order_of_sources_with_boxes_only_does_not_matter(folder: Folder) -> None:
    folder.write("boxes.json", boxes_of(source(3)))
    preds = ("a=a.json", "b=b.json", "det=boxes.json")
    options = (*QUICK, "--with-bbox")
    assert folder.merge(*preds, options=options) == 0
    assert folder.merge(*preds[::-1], options=options, out="other") == 0
    for name in ("submission.json", "submission_box.json"):
        assert folder.bytes_of(name) == folder.bytes_of(name, "other")


def test_evaluation_of_sources_with_and_without_masks(folder: Folder) -> None:
    folder.write("boxes.json", boxes_of(source(3)))
    options = ("--with-bbox", "--resamples=20")
    assert folder.merge("a=a.json", "det=boxes.json", options=options) == 0
    tree = folder.read("evaluation.json")
    assert tree["sources"]["det"]["segm"]["AP"] == -1 and tree["sources"]["det"]["box"]["AP"] > 0
    assert tree["against_best_source"]["source"] == "a"
    assert tree["box_submission"]["box"]["AP"] > 0


def test_sources_of_boxes_alone_need_to_be_asked_for_boxes(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("one.json", boxes_of(source(3)))
    folder.write("two.json", boxes_of(source(4)))
    preds = ("one=one.json", "two=two.json")
    assert folder.merge(*preds, options=QUICK) != 0
    error = capsys.readouterr().err
    assert "no source has masks" in error and "--with-bbox" in error
    assert folder.merge(*preds, options=("--with-bbox", "--resamples=20")) == 0
    names = {path.name for path in (folder.path / "out").iterdir()}
    assert "submission_box.json" in names and "submission.json" not in names
    tree = folder.read("evaluation.json")
    assert tree["steps"]["merged"]["segm"]["AP"] == -1
    assert tree["steps"]["merged"]["box"]["AP"] > 0
    assert tree["against_best_source"]["kind"] == "box"


def test_masks_cannot_be_compared_with_boxes(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("boxes.json", boxes_of(source(3)))
    options = (*QUICK, "--match=mask")
    assert folder.merge("a=a.json", "det=boxes.json", options=options) != 0
    assert "det has boxes only" in capsys.readouterr().err


def test_a_box_beside_masks_of_the_same_source_is_still_a_fault(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("mixed.json", [*source(3), *boxes_of([detection(2, 7, 0.5)])])
    assert folder.merge("a=a.json", "m=mixed.json", options=QUICK) == 3
    assert "others of this source have masks" in capsys.readouterr().err


def test_converting_boxes_only_takes_the_scores_of_boxes(folder: Folder) -> None:
    from ensemble.convert import main
    from longtail.commands import run

    store = scored(folder, "a", [0.5])
    out = folder.path / "boxes_only.json"
    words = [str(store.directory), f"--ann={folder.ann}", "--to=json", f"--out={out}"]
    with pytest.raises(SystemExit) as ended:
        run(main, [*words, "--only-bbox"])
    assert not ended.value.code
    records = json.loads(out.read_text())
    assert [record["score"] for record in records] == store.read_all().score.tolist()
    assert not any("segmentation" in record for record in records)
