"""The whole command on a tiny data set: three images, a rare, a common, a frequent category."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from support.merge_folder import (
    IMAGE_IDS,
    QUICK,
    Folder,
    detection,
    lvis_file,
    mask_of,
    source,
)

from longtail.categories import CategoryTable
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import Source


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_submission_is_one_that_lvis_takes(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "float", float, raising=False)
    import lvis

    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    truth = lvis.LVIS(str(folder.ann))
    results = lvis.LVISResults(truth, str(folder.path / "out/submission.json"))
    evaluation = lvis.LVISEval(truth, results, "segm")
    evaluation.run()
    # The box shifted by one pixel has an IoU of 90/110 with its object at worst.
    assert evaluation.get_results()["AP50"] == pytest.approx(1.0)


@pytest.mark.parametrize("method", ["nms", "wbf"])
def test_submission_is_sorted_and_goes_without_boxes(folder: Folder, method: str) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=(*QUICK, f"--method={method}")) == 0
    submission = folder.read("submission.json")
    margins = {3: 0.1, 7: 0.05, 9: 0.0}
    keys = [(d["image_id"], -d["score"] - margins[d["category_id"]]) for d in submission]
    assert keys == sorted(keys)
    assert {*submission[0]} == {"image_id", "category_id", "score", "segmentation"}


def test_boxes_are_written_on_request(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=(*QUICK, "--with-bbox")) == 0
    assert all(len(d["bbox"]) == 4 for d in folder.read("submission.json"))


@pytest.mark.parametrize(
    "options",
    [
        ("--method=nms",),
        ("--method=soft-nms", "--soft-nms=linear"),
        ("--method=nms+soft-nms", "--mask=vote"),
        ("--method=wbf", "--mask-weights=score"),
        ("--method=wbf", "--match=mask", "--leave-out-absent=r"),
    ],
)
def test_order_of_sources_and_of_their_records_does_not_matter(
    folder: Folder, options: tuple[str, ...]
) -> None:
    options = (*QUICK, *options)
    tied = [{**d, "score": round(d["score"], 1)} for d in source(3, num_false=60)]
    folder.write("c.json", tied)
    folder.write(
        "shuffled.json", [tied[i] for i in np.random.default_rng(0).permutation(len(tied))]
    )
    assert folder.merge("a=a.json", "c=c.json", options=options, out="one") == 0
    assert folder.merge("c=shuffled.json", "a=a.json", options=options, out="two") == 0
    assert folder.bytes_of("submission.json", "one") == folder.bytes_of("submission.json", "two")


def test_gzip_and_store_give_the_bytes_of_plain_json(folder: Folder) -> None:
    content = (folder.path / "a.json").read_bytes()
    (folder.path / "a.json.gz").write_bytes(gzip.compress(content))
    images, categories = ImageSet.from_json(folder.ann), CategoryTable.from_json(folder.ann)
    store = folder.path / "a_store"
    import_json(folder.path / "a.json", images, categories, store, Source("a"))
    results = []
    for number, path in enumerate(("a.json", "a.json.gz", "a_store")):
        assert folder.merge(f"a={path}", "b=b.json", out=str(number), options=QUICK) == 0
        results.append(folder.bytes_of("submission.json", str(number)))
    assert results[0] == results[1] == results[2]


def test_finished_merge_is_not_made_again(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    written = (folder.path / "out/submission.json").stat().st_mtime_ns
    assert folder.merge("b=b.json", "a=a.json", options=QUICK) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert (folder.path / "out/submission.json").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "name", ["submission.json", "stats.json", "merged/manifest.json", "result.json"]
)
def test_damaged_output_is_made_again(
    folder: Folder, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    before = folder.bytes_of(name)
    (folder.path / "out" / name).write_bytes(before[:-2])
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    assert f"{name} damaged" in capsys.readouterr().err
    assert folder.bytes_of(name) == before


def test_a_folder_whose_request_is_damaged_is_named_and_not_replaced(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    file = folder.path / "out/merge.json"
    file.write_text(file.read_text().replace('"max_dets": 300', '"max_dets": 301'))
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 3
    assert "merge.json: damaged" in (text := capsys.readouterr().err) and "--force" in text
    assert folder.merge("a=a.json", "b=b.json", options=(*QUICK, "--force")) == 0


def test_interrupted_merge_is_made_again(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    before = folder.bytes_of("submission.json")
    (folder.path / "out/result.json").unlink()
    (folder.path / "out/submission.json").rename(folder.path / "out/.submission.json.123")
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    assert folder.bytes_of("submission.json") == before
    assert not list((folder.path / "out").glob(".*"))


@pytest.mark.parametrize(
    ("preds", "options"),
    [
        (("a=a.json", "b=b.json"), ("--rare-margin=0.2",)),
        (("a=a.json", "b=b.json,weight=2"), ()),
        (("a=a.json", "b=a.json"), ()),
    ],
)
def test_other_request_in_the_same_folder_is_refused(
    folder: Folder,
    preds: tuple[str, ...],
    options: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    assert folder.merge(*preds, options=(*QUICK, *options)) == 2
    assert "--force" in capsys.readouterr().err
    assert folder.merge(*preds, options=(*QUICK, *options, "--force")) == 0


def test_folder_with_other_files_is_left_alone(folder: Folder) -> None:
    (folder.path / "out").mkdir()
    folder.write("out/notes.txt", "mine")
    assert folder.merge("a=a.json", "b=b.json", options=(*QUICK, "--force")) == 2


def test_source_inside_the_result_folder_is_refused(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    assert folder.merge("a=out/merged", "b=b.json", options=(*QUICK, "--force")) == 2
    assert (folder.path / "out/merged/manifest.json").is_file()


@pytest.mark.parametrize(
    "options",
    [
        ("--iou-thr=1.5",),
        ("--iou-thr=nan",),
        ("--score-thr=-1",),
        ("--max-dets=0",),
        ("--resamples=19",),
        ("--resamples=-1",),
        ("--rare-margin=0",),
        ("--method=mean",),
    ],
)
def test_bad_option_ends_with_2(folder: Folder, options: tuple[str, ...]) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=options) == 2


def test_missing_source_ends_with_3(folder: Folder) -> None:
    assert folder.merge("a=none.json") == 3


def test_unusable_record_ends_with_3_or_is_dropped(folder: Folder) -> None:
    folder.write("bad.json", [*source(1), {**source(1)[0], "score": float("nan")}])
    assert folder.merge("a=bad.json", "b=b.json", options=QUICK) == 3
    assert folder.merge("a=bad.json", "b=b.json", options=(*QUICK, "--drop-invalid")) == 0
    assert folder.read("stats.json")["sources"]["a"]["notes"]["dropped records"] == 1


def test_detection_without_a_mask_ends_with_3_or_is_dropped(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    boxed = {"image_id": 1, "category_id": 3, "score": 0.5, "bbox": [1, 1, 5, 5]}
    folder.write("boxes.json", [*source(1), boxed])
    assert folder.merge("a=boxes.json", "b=b.json", options=QUICK) == 3
    assert "source a, image 1" in capsys.readouterr().err
    assert folder.merge("a=boxes.json", "b=b.json", options=(*QUICK, "--drop-invalid")) == 0
    assert folder.read("stats.json")["sources"]["a"]["without_mask"] == 1


def test_empty_masks_are_dropped_and_counted(folder: Folder) -> None:
    empty = {**detection(1, 3, 0.99), "segmentation": mask_of((0, 0, 0, 0))}
    folder.write("c.json", [*source(1), empty])
    assert folder.merge("a=c.json", "b=b.json", options=QUICK) == 0
    assert folder.read("stats.json")["sources"]["a"]["empty_mask"] == 1
    assert max(d["score"] for d in folder.read("submission.json")) < 0.99


def test_margins_choose_what_a_cap_leaves(folder: Folder) -> None:
    # The example of the report: keys 0.52, 0.47 and 0.50 for rare, common and frequent.
    scores = {3: 0.42, 7: 0.42, 9: 0.50}
    folder.write("c.json", [detection(1, category, scores[category]) for category in scores])
    none = ("--rare-margin=0", "--common-margin=0")
    kept = {}
    for out, options in (("with", ()), ("without", none)):
        assert folder.merge("c=c.json", out=out, options=("--max-dets=1", *QUICK, *options)) == 0
        kept[out] = [(d["category_id"], d["score"]) for d in folder.read("submission.json", out)]
    assert kept == {"with": [(3, 0.42)], "without": [(9, 0.50)]}
    assert folder.read("stats.json", "with")["cap"]["cut"] == {"r": 0, "c": 1, "f": 1}


def test_one_source_is_not_averaged(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.merge("a=a.json", options=QUICK) == 0
    assert "nms is used" in capsys.readouterr().err
    fusion = folder.read("merge.json")["settings"]["fusion"]
    assert (fusion["method"], fusion["iou_thr"], fusion["mask"]) == ("nms", 0.5, "best")
    scores = {d["score"] for d in source(1)}
    assert {d["score"] for d in folder.read("submission.json")} <= scores


def test_categories_without_frequency_end_with_3(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = lvis_file()
    categories = [{"id": c["id"], "name": c["name"]} for c in tree["categories"]]
    folder.ann = folder.write("test.json", {"images": tree["images"], "categories": categories})
    assert folder.merge("a=a.json", "b=b.json") == 3
    assert "have no frequency" in capsys.readouterr().err


def test_score_over_one_is_written_as_one(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    # Both of c's boxes join one cluster: mean 2, times min(2, 2) / 3.
    folder.write("c.json", [detection(1, 3, 1.0), detection(1, 3, 1.0, shift=1)])
    folder.write("d.json", [detection(1, 9, 0.5)])
    assert folder.merge("c=c.json,weight=2", "d=d.json", options=QUICK) == 0
    assert [d["score"] for d in folder.read("submission.json")] == [1.0, pytest.approx(1 / 6)]
    assert "1 fused scores over 1" in capsys.readouterr().err


def test_dry_run_counts_and_writes_nothing(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=("--dry-run",)) == 0
    assert "26 detections became" in capsys.readouterr().out
    assert not (folder.path / "out").exists()


def test_source_without_detections_in_an_image_is_warned_about(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("c.json", [detection(image, 3, 0.5) for image in IMAGE_IDS[1:]])
    assert folder.merge("a=a.json", "c=c.json", options=QUICK) == 0
    assert "c has no detection in 1 of 3 images" in capsys.readouterr().err


def test_same_predictions_twice_are_warned_about(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.merge("a=a.json", "b=a.json", options=QUICK) == 0
    assert "a and b are the same predictions" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["submission.json", "stats.json", "merge.json"])
def test_result_vouches_for_every_file(folder: Folder, name: str) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    assert len(folder.read("result.json")["files"][name]) == 64
