"""A merge keeps its matches, from which it is compared with any result of the same annotations."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.merge_folder import IMAGE_IDS, Folder

from dashboards.sources.combine import combine
from dashboards.sources.comparing import compared
from dashboards.sources.merge import read_merge
from dashboards.sources.open import open_source
from longtail.categories import CategoryTable
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.files import BITS, INTEGERS, read_matches
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.recording.files import write_evaluation_files
from longtail.evaluation.uncertainty.comparison import compare
from longtail.files import sha256_of

RESAMPLES, MAX_DETS = 20, 300
KINDS: tuple[Kind, ...] = ("segm", "box")


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("merge"))
    options = (f"--resamples={RESAMPLES}", "--no-report")
    assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    return folder


def tables(folder: Folder, directory: Path) -> dict[Kind, MatchTable]:
    return read_matches(directory, CategoryTable.from_json(folder.ann))


def evaluated(folder: Folder, predictions: Path, directory: Path) -> dict[Kind, MatchTable]:
    evaluate(folder.ann, predictions, resamples=RESAMPLES, keep_matches=directory)
    return tables(folder, directory)


def test_they_are_those_of_an_evaluation_of_its_result(merged: Folder, tmp_path: Path) -> None:
    kept = tables(merged, merged.path / "out" / "matches")
    again = evaluated(merged, merged.path / "out" / "merged", tmp_path)
    for kind in KINDS:
        for name in (*INTEGERS, *BITS, "score"):
            np.testing.assert_array_equal(getattr(kept[kind], name), getattr(again[kind], name))


def test_with_them_the_difference_to_the_best_source_is_found_again(
    merged: Folder, tmp_path: Path
) -> None:
    against = merged.read("evaluation.json")["against_best_source"]
    best = evaluated(merged, merged.path / f"{against['source']}.json", tmp_path)
    own = tables(merged, merged.path / "out" / "matches")
    found = json.loads(json.dumps(compare(best["segm"], own["segm"], RESAMPLES).as_dict()))
    assert found == {name: against[name] for name in found}


def test_a_report_compares_the_merge_with_a_row_that_is_not_its_best_source(
    merged: Folder, tmp_path: Path
) -> None:
    best = merged.read("evaluation.json")["against_best_source"]["source"]
    other = {"a": "b", "b": "a"}[best]
    node = tmp_path / "other"
    files = merged.ann, merged.path / f"{other}.json"
    evaluation = evaluate(*files, resamples=RESAMPLES, keep_matches=node)
    write_evaluation_files(evaluation, *files, node, MAX_DETS)
    found = open_source(node)
    report = combine("", [read_merge(merged.path / "out"), found])
    pair = ("out", report.sources[1].rows[0].name)
    differences = compared(report, [pair])
    assert not differences.unknown
    own = tables(merged, merged.path / "out" / "matches")
    expected = compare(tables(merged, node)["segm"], own["segm"], RESAMPLES)
    assert differences.found[pair].comparison == expected.as_dict()


def test_the_result_vouches_for_them_and_they_are_as_small_as_is_said(merged: Folder) -> None:
    digests = merged.read("result.json")["files"]
    files = sorted((merged.path / "out" / "matches").iterdir())
    assert [file.name for file in files] == ["matches_box.npz", "matches_segm.npz"]
    for file in files:
        assert digests[f"matches/{file.name}"] == sha256_of(file)
        with np.load(file) as arrays:
            held = {name: arrays[name] for name in arrays.files}
        # Besides, 12 bytes a pair of image and category, and some of images and categories.
        of_detections = sum(held[name].nbytes for name in ("image", "row", *BITS, "score"))
        assert of_detections == 20 * len(held["score"])
        assert len(held["score"]) <= MAX_DETS * len(IMAGE_IDS)


def test_a_merge_that_lost_them_is_made_again_and_one_without_intervals_keeps_none(
    tmp_path: Path,
) -> None:
    folder = Folder(tmp_path)
    options = (f"--resamples={RESAMPLES}", "--no-report")
    assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    file = tmp_path / "out" / "matches" / "matches_segm.npz"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    assert file.read_bytes() == whole
    none = ("--resamples=0", "--no-report", "--force")
    assert folder.merge("a=a.json", "b=b.json", options=none) == 0
    assert not file.parent.exists()
    # As a merge of before, it says why it is not compared.
    report = combine("", [read_merge(tmp_path / "out")])
    unknown = compared(report, [("out", "a")]).unknown["out", "a"]
    assert "this merge kept no mask matches; merge again with --force" in unknown
