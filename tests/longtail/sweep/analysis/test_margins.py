"""AP under margins, from the stores of finished trials."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from support.margin_scene import CATEGORIES, IMAGES, Record, SweepFolder, detections
from support.sweep_scene import trial_of

from longtail.cluster.work.node_runner import predictions_of
from longtail.evaluation.lvis import evaluate
from longtail.problems import BadInputError
from longtail.sealed import read_sealed, write_sealed
from longtail.sweep.analysis.margin_file import FILE, METRICS, RARE_MARGINS
from longtail.sweep.analysis.margins import find_margins


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return SweepFolder(tmp_path)


def cut_by_margin(results: list[Record], rare_margin: float) -> Iterator[Record]:
    """The best 300 of each image by score + margin, with that as their scores."""
    added = {"r": rare_margin, "c": rare_margin / 2, "f": 0.0}
    for image in IMAGES:
        own = [result for result in results if result["image_id"] == image]
        keys = [result["score"] + added[CATEGORIES[result["category_id"]]] for result in own]
        best = sorted(range(len(own)), key=lambda place: -keys[place])[:300]
        for place in sorted(best):
            yield own[place] | {"score": keys[place] / (1 + rare_margin)}


def test_each_cell_is_what_lvis_api_says_of_rescored_and_cut_detections(
    folder: SweepFolder, tmp_path: Path
) -> None:
    results = detections(0, per_image=420)
    trial = folder.finished(0, results)
    found = find_margins(folder.sweep, [trial], folder.settings).by_evaluation[trial.evaluation]
    assert (found.max_dets, found.num_images, found.num_over_cap) == (300, 4, 4)
    for name in METRICS:
        assert found.metrics[name][0] == trial.metrics[name]
        assert len(set(found.metrics[name])) > 1
    for place, margin in enumerate(RARE_MARGINS):
        file = tmp_path / "cut.json"
        file.write_text(json.dumps(list(cut_by_margin(results, margin))))
        official = evaluate(folder.val, file, official=True).official
        assert official is not None
        for name in METRICS:
            assert found.metrics[name][place] == official["segm"][name]


def test_where_the_cap_binds_in_no_image_nothing_changes(folder: SweepFolder) -> None:
    trial = folder.finished(0, detections(0, per_image=300))
    found = find_margins(folder.sweep, [trial], folder.settings).by_evaluation[trial.evaluation]
    assert found.num_over_cap == 0
    assert set(found.metrics["AP"]) == {trial.metrics["AP"]}
    assert set(found.metrics["APr"]) == {trial.metrics["APr"]}


def test_only_finished_trials_with_a_mask_ap_have_margins(folder: SweepFolder) -> None:
    others = [trial_of(1, 0.2, {}, "stopped"), trial_of(2, -1.0), trial_of(3, 0.1, state="failed")]
    found = find_margins(folder.sweep, others, folder.settings)
    assert (found.by_evaluation, found.problems) == ({}, ())
    assert list(folder.settings.directory.iterdir()) == []


def test_a_rerun_reads_what_is_kept_and_computes_what_is_new(folder: SweepFolder) -> None:
    first = folder.finished(0, detections(0, per_image=310))
    before = find_margins(folder.sweep, [first], folder.settings)
    shutil.rmtree(folder.path / "nodes")
    second = folder.finished(1, detections(1, per_image=5))
    after = find_margins(folder.sweep, [first, second], folder.settings)
    assert after.problems == ()
    assert after.by_evaluation[first.evaluation] == before.by_evaluation[first.evaluation]
    assert after.by_evaluation[second.evaluation].num_over_cap == 0
    assert [file.name for file in folder.settings.directory.iterdir()] == [FILE]


def test_evaluations_of_other_margins_are_computed_again(folder: SweepFolder) -> None:
    trial = folder.finished(0, detections(0, per_image=5))
    first = find_margins(folder.sweep, [trial], folder.settings)
    path = folder.settings.directory / FILE
    write_sealed(path, read_sealed(path, "").replace(b"0.05", b"0.07"))
    again = find_margins(folder.sweep, [trial], folder.settings)
    assert again == first and "0.05" in path.read_text()


def test_trials_of_one_configuration_are_computed_once(folder: SweepFolder) -> None:
    trial = folder.finished(0, detections(0, per_image=5))
    twin = msgspec.structs.replace(trial, number=7)
    found = find_margins(folder.sweep, [trial, twin], folder.settings)
    assert list(found.by_evaluation) == [trial.evaluation]


def test_a_trial_whose_predictions_are_gone_is_named(folder: SweepFolder) -> None:
    kept = folder.finished(0, detections(0, per_image=5))
    gone = folder.finished(1, detections(1, per_image=5))
    row = folder.sweep.row(1, gone.point)
    shutil.rmtree(predictions_of(folder.path, row))
    found = find_margins(folder.sweep, [gone, kept], folder.settings)
    (problem,) = found.problems
    assert problem.startswith("trial 1: ") and row.predictions.id in problem
    assert list(found.by_evaluation) == [kept.evaluation]


def test_a_damaged_file_is_refused_with_the_remedy(folder: SweepFolder) -> None:
    (folder.settings.directory / FILE).write_text('{"a": 1}')
    with pytest.raises(BadInputError, match=r"margins\.json: .*damaged.* remove it"):
        find_margins(folder.sweep, [], folder.settings)
