"""Files labelled exhaustively: the numbers of lvis-api with complete lists, and of pycocotools."""

import contextlib
import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from support.commands.in_process import exit_code

from longtail.evaluation import workers
from longtail.evaluation.__main__ import main
from longtail.evaluation.diagnose import main as diagnose
from longtail.evaluation.lvis import evaluate

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
LvisApi = Callable[..., dict[str, float]]


def without_lists(annotations: Record) -> Record:
    """The same file as COCO has it: no federated list."""
    tree = copy.deepcopy(annotations)
    for image in tree["images"]:
        del image["neg_category_ids"], image["not_exhaustive_category_ids"]
    return tree


def with_complete_lists(annotations: Record) -> Record:
    """The same file for lvis-api: every category that an image has no instance of is absent."""
    tree, ids = copy.deepcopy(annotations), {c["id"] for c in annotations["categories"]}
    for image in tree["images"]:
        records = [a for a in annotations["annotations"] if a["image_id"] == image["id"]]
        present = {a["category_id"] for a in records if a["area"] > 0}
        image["neg_category_ids"] = sorted(ids - present)
        image["not_exhaustive_category_ids"] = []
    return tree


def as_coco(annotations: Record) -> Record:
    """The same file for pycocotools, which knows crowds in place of ignored instances."""
    tree = without_lists(annotations)
    tree["info"] = {}
    tree["annotations"] = [
        {**a, "iscrowd": 0} for a in tree["annotations"] if a["area"] > 0 and not a.get("ignore")
    ]
    return tree


def coco_ap(annotations: Record, results: list[Record], kind: str, folder: Path) -> float:
    """Mean AP of pycocotools over the categories that occur, for up to 300 detections an image."""
    path = folder / "coco.json"
    path.write_text(json.dumps(annotations))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(path))
        evaluation = COCOeval(truth, truth.loadRes(copy.deepcopy(results)), kind)
        evaluation.params.maxDets = [1, 10, 300]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return float(precision[precision > -1].mean())


@pytest.mark.parametrize("seed", [50, 51])
def test_numbers_are_those_of_lvis_api_with_complete_lists(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi, seed: int, tmp_path: Path
) -> None:
    annotations, results = make_problem(seed)
    paths = write(without_lists(annotations), results)
    complete = tmp_path / "complete.json"
    complete.write_text(json.dumps(with_complete_lists(annotations)))
    evaluation = evaluate(*paths, official=True, exhaustive=True)
    assert evaluation.segm == lvis_api(complete, results, "segm")
    assert evaluation.box == lvis_api(complete, results, "bbox")
    assert evaluation.official == {"segm": evaluation.segm, "box": evaluation.box}


@pytest.mark.parametrize("kind", ["segm", "bbox"])
def test_ap_is_that_of_pycocotools(
    make_problem: MakeProblem, write: Write, kind: str, tmp_path: Path
) -> None:
    annotations, results = make_problem(52, num_images=12, decimals=9)
    coco = as_coco(annotations)
    # pycocotools counts detections without an area as wrong, lvis-api and we leave them out.
    results = [r for r in results if r["bbox"][2] * r["bbox"][3] > 0]
    if kind == "segm":
        results = [{k: v for k, v in r.items() if k != "bbox"} for r in results]
    evaluation = evaluate(*write(coco, results), exhaustive=True)
    ours = evaluation.segm if kind == "segm" else evaluation.box
    assert ours["AP"] == pytest.approx(coco_ap(coco, results, kind, tmp_path), abs=1e-12)


def test_empty_lists_judge_fewer_detections_and_say_what_to_do(
    make_problem: MakeProblem, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    annotations, results = make_problem(53)
    for image in annotations["images"]:
        image["neg_category_ids"] = image["not_exhaustive_category_ids"] = []
    paths = write(annotations, results)
    federated, exhaustive = evaluate(*paths), evaluate(*paths, exhaustive=True)
    assert federated.segm["AP"] > exhaustive.segm["AP"]
    assert federated.counts["judged_boxes"] < exhaustive.counts["judged_boxes"]
    assert exit_code(main, *map(str, paths)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("give --exhaustive if yours are labelled exhaustively") == 1
    assert f"of {len(results)} detections judged" in said
    assert exit_code(main, *map(str, paths), "--exhaustive") == 0
    assert "give --exhaustive" not in capsys.readouterr().out


def test_a_shard_is_joined_as_it_was_made(
    make_problem: MakeProblem, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ensemble.convert import main as convert

    annotations, results = make_problem(54, num_images=40)
    paths = write(without_lists(annotations), results)
    store, part, ap = tmp_path / "store", tmp_path / "part.npz", tmp_path / "ap.json"
    words = str(paths[1]), "--ann", str(paths[0]), "--to", "store", "--out", str(store)
    assert exit_code(convert, *words) == 0
    of = str(paths[0]), str(store), "--exhaustive"
    assert exit_code(main, *of, "--shard", "1/1", "--part", str(part)) == 0
    assert exit_code(main, *of, "--parts", str(part), "--json", str(ap)) == 0
    assert json.loads(ap.read_text())["segm"] == evaluate(*paths, exhaustive=True).segm
    for image in annotations["images"]:
        image["neg_category_ids"] = image["not_exhaustive_category_ids"] = []
    paths[0].write_text(json.dumps(annotations))
    for made, joined in (([], ["--exhaustive"]), (["--exhaustive"], [])):
        part.unlink()
        assert exit_code(main, *of[:2], *made, "--shard", "1/1", "--part", str(part)) == 0
        capsys.readouterr()
        assert exit_code(main, *of[:2], *joined, "--parts", str(part)) == 3
        with_or_without = "made with --exhaustive" if made else "made without --exhaustive"
        assert with_or_without in capsys.readouterr().err


def test_processes_and_diagnosis_judge_alike(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    annotations, results = make_problem(55)
    paths = write(without_lists(annotations), results)
    out = tmp_path / "why.json"
    assert exit_code(diagnose, *map(str, paths), "--exhaustive", "--json", str(out)) == 0
    tree = json.loads(out.read_text())
    assert tree["counts"]["unjudged"] == 0
    assert tree["counts"]["judged"] == evaluate(*paths, exhaustive=True).counts["judged_masks"]
    assert tree["warnings"] == []


@pytest.mark.slow
def test_worker_processes_judge_every_pair_too(
    make_problem: MakeProblem, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "DETECTIONS_OF_A_WORKER", 1)
    annotations, results = make_problem(56, num_images=80)
    paths = write(without_lists(annotations), results)
    one, two = (evaluate(*paths, exhaustive=True, workers=number) for number in (1, 2))
    assert one.as_dict() == two.as_dict()
