"""The command, with Ray: what it writes, how it goes on, and that merge takes its file."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.calibration_scene import MODELS, Scene, write_masks
from support.on_ray.clusters import Cluster
from support.places import ROOT

from ensemble.merge import main as merge
from ensemble.tune import main
from longtail.commands import run


class Folder:
    """A temporary folder with annotations, three sources, and results."""

    def __init__(self, path: Path) -> None:
        self.path = path
        write_masks(path, 80)

    def sources(self) -> list[str]:
        return [f"--pred={name}={self.path / name}.json" for name in "abc"]

    def tune(self, *options: str, out: str = "out") -> int:
        return code(main, *self.words(out), *options)

    def search(self, cluster: Cluster, *options: str, out: str = "out") -> str:
        """What a search on a cluster prints. Its process is its own: Ray reads its settings once,
        when a process first imports it."""
        command = [sys.executable, "-m", "ensemble.tune", *self.words(out), *options]
        environment = {**cluster.environment, "LONGTAIL_RUNS": str(self.path / "runs")}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def words(self, out: str) -> list[str]:
        fixed = f"--ann={self.path}/ann.json", f"--out={self.path / out}", "--max-dets=12"
        return [*self.sources(), *fixed]

    def read(self, name: str, out: str = "out") -> Any:
        return json.loads((self.path / out / name).read_text())


def code(command: Any, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(command, list(words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("LONGTAIL_RUNS", str(tmp_path / "runs"))
    return Folder(tmp_path)


SMALL = ("--trials=6", "--margin-trials=4", "--resamples=20")


@pytest.mark.slow
def test_a_search_writes_a_merge_that_merge_runs_and_repeats_itself(
    folder: Folder, ray_head: Cluster
) -> None:
    output = folder.search(ray_head, *SMALL)
    report = folder.read("tune.json")
    written = (folder.path / "out" / "trials.jsonl").read_bytes()
    trials = written.splitlines()
    assert (report["trials"], len(trials)) == (6, 6)
    assert report["images_of_the_other_half"] == 40
    assert list(report["held_out"]) == [
        *("a", "b", "c", "start", "tuned"),
        *(f"without {name}" for name in "abc"),
    ]
    assert {"start", "without a"} < set(report["tuned_minus"])
    for row in report["held_out"].values():
        assert row["AP_fixed"] == row["intervals"]["AP_fixed"]["value"]
        assert set(row["intervals"]) == {f"AP{a}{b}" for a in ("", *"rcf") for b in ("", "_fixed")}
    assert "AP fixed" in output
    first = json.loads(trials[0])["result"]
    assert report["best"]["result"]["AP"] >= first["AP"]
    assert not list((folder.path / "out").glob(".work*"))
    assert "the other half" in output and "--config" in output
    out = folder.path / "merged"
    config = f"--config={folder.path / 'out' / 'merge.yaml'}"
    assert code(merge, config, f"--out={out}", "--num-workers=1") == 0
    assert (out / "submission.json").is_file()
    settings = json.loads((out / "merge.json").read_text())["settings"]
    assert settings["margins"]["rare"] == report["best"]["result"]["rare_margin"]

    # Nothing is left to do; elsewhere it tries the same points.
    folder.search(Cluster({**ray_head.environment, "RAY_ADDRESS": "127.0.0.1:1"}), *SMALL)
    assert (folder.path / "out" / "trials.jsonl").read_bytes() == written
    assert folder.read("tune.json") == report
    folder.search(ray_head, "--trials=3", *SMALL[1:], out="again")
    again = (folder.path / "again" / "trials.jsonl").read_bytes().splitlines()
    points = [[json.loads(line)["point"] for line in lines] for lines in (trials, again)]
    assert points[0][:3] == points[1]


@pytest.mark.slow
def test_two_metrics_are_searched_for_and_go_on_after_an_interruption(
    folder: Folder, ray_head: Cluster
) -> None:
    words = ("--metric=AP,APr", "--search=method,match,mask,iou,margins", *SMALL[1:])
    folder.search(ray_head, "--trials=4", *words)
    before = (folder.path / "out" / "trials.jsonl").read_bytes()
    output = folder.search(ray_head, "--trials=7", *words)
    assert (folder.path / "out" / "trials.jsonl").read_bytes().startswith(before)
    report = folder.read("tune.json")
    assert (report["trials"], report["pareto"]["metrics"]) == (7, ["AP", "APr"])
    members = report["pareto"]["members"]
    assert "pareto/NN/merge.yaml has each" in output or len(members) == 1
    points = [json.loads(line)["point"] for line in (folder.path / "out/trials.jsonl").open()]
    assert {(point["match"], point["mask"]) for point in points} > {("box", "vote")}
    assert members[0]["tuned_on"]["AP"] == report["best"]["result"]["AP"]
    for member in members:
        out = folder.path / member["folder"].replace("/", "-")
        config = f"--config={folder.path / 'out' / member['folder'] / 'merge.yaml'}"
        assert code(merge, config, f"--out={out}", "--no-evaluate", "--num-workers=1") == 0
        settings = json.loads((out / "merge.json").read_text())["settings"]
        assert settings["margins"]["common"] == member["common_margin"]
        assert settings["fusion"]["match"] == member["point"]["match"]


@pytest.mark.slow
def test_margins_alone_need_one_trial_and_no_cluster(
    folder: Folder, with_reports: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--search=margins", "--method=nms", "--margin-trials=300", "--resamples=20")
    assert folder.tune(*words) == 0
    # Again: there is nothing left to try.
    assert folder.tune(*words) == 0
    report, out = folder.read("tune.json"), folder.path / "out"
    assert all(c["judged"] == c["detections"] > 0 for c in report["judged_tuned_on"].values())
    assert not any("--exhaustive" in warning for warning in report["warnings"])
    assert (report["trials"], report["merges_judged"] > 200) == (1, True)
    assert not (out / "calibration.json").exists()
    margins = json.loads((out / "margins.jsonl").read_text())
    assert len(margins["rare"]) == len(margins["metrics"]["APr"]) == report["merges_judged"]
    assert max(margins["metrics"]["AP"]) == report["best"]["result"]["AP"]
    page = (out / "report.html").read_text()
    assert f"{report['merges_judged']} pairs of margins. 40 of 40 images exceed" in page
    assert (out / "pareto/00/merge.yaml").read_bytes() == (out / "merge.yaml").read_bytes()
    assert "40 of 40 images exceed the cap of 12" in capsys.readouterr().out


@pytest.mark.slow
def test_a_source_of_boxes_and_exhaustive_labels_are_taken(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = folder.path / "ann.json"
    tree = json.loads(ann.read_text())
    for image in tree["images"]:
        image["neg_category_ids"] = []
    ann.write_text(json.dumps(tree))
    boxes = Scene(80).detections(MODELS["a"])
    (folder.path / "a.json").write_text(json.dumps(boxes))
    words = ("--search=margins", "--method=nms", "--margin-trials=4", "--resamples=0")
    assert folder.tune(*words) == 0
    said = capsys.readouterr().err
    assert said.count("give --exhaustive if yours are labelled exhaustively") == 1
    report = folder.read("tune.json")
    counts = report["judged_tuned_on"]
    assert report["warnings"][0].endswith("every category in every image")
    assert f"a: {counts['a']['judged']} of {counts['a']['detections']:,} detections judged" in said
    assert folder.tune(*words, "--exhaustive", out="all") == 0
    assert "give --exhaustive" not in capsys.readouterr().err
    report = folder.read("tune.json", "all")
    assert report["judged_tuned_on"]["b"]["judged"] == counts["b"]["detections"]
    assert report["request"]["settings"]["exhaustive"]
    assert "exhaustive: true" in (folder.path / "all/merge.yaml").read_text()
    assert "exhaustive" not in (folder.path / "out/merge.yaml").read_text()


def test_sources_of_boxes_alone_are_refused_before_anything_is_merged(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = Scene(80).detections(MODELS["a"])
    for name in "abc":
        (folder.path / f"{name}.json").write_text(json.dumps(boxes))
    assert folder.tune("--search=margins", "--with-bbox") == 3
    said = capsys.readouterr().err
    assert "no source has masks, and a search raises mask AP" in said and "evaluating" not in said


@pytest.mark.slow
def test_a_cut_that_never_binds_is_said(
    folder: Folder, with_reports: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--search=margins", "--method=nms", "--margin-trials=300", "--max-dets=300")
    assert folder.tune(*words, "--resamples=0") == 0
    output = capsys.readouterr().out
    assert "0 of 40 images exceed the cap of 300 detections" in output
    assert "margins change nothing" in output
    assert folder.read("tune.json")["merges_judged"] == 1
    assert "margins change nothing" in (folder.path / "out" / "report.html").read_text()


@pytest.mark.slow
def test_another_search_does_not_take_its_folder(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.tune("--search=margins", "--method=nms", *SMALL) == 0
    assert folder.tune("--search=margins", "--method=nms", *SMALL, "--seed=1") == 2
    assert "holds a search with other seed" in capsys.readouterr().err


def test_words_that_are_none_are_usage_errors(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.tune("--search=margin") == 2
    assert folder.tune("--methods=nms,wbf2") == 2
    assert folder.tune("--calibrations=norcal") == 2
    assert folder.tune("--metric=AP,AP50") == 2
    error = capsys.readouterr().err
    assert "'margin' is none of method" in error and "'AP50' is none of AP" in error
    assert not (folder.path / "out").exists()


def test_a_folder_of_other_files_is_refused(folder: Folder) -> None:
    (folder.path / "out").mkdir()
    (folder.path / "out" / "letter.txt").write_text("hello")
    assert folder.tune(*SMALL) == 2


def test_a_metric_that_the_data_cannot_define_ends_a_search_before_it_begins(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = json.loads((folder.path / "ann.json").read_text())
    rare = {category["id"] for category in tree["categories"] if category["frequency"] == "r"}
    tree["annotations"] = [a for a in tree["annotations"] if a["category_id"] not in rare]
    (folder.path / "ann.json").write_text(json.dumps(tree))
    assert folder.tune("--metric=AP,APr") == 2
    told = capsys.readouterr().err
    assert "--metric APr: undefined on" in told and "no instance of a rare category" in told
    assert told.rstrip().endswith("it defines AP, APc, APf")
    # Nothing is left that would refuse the same folder with another metric.
    assert not (folder.path / "out").exists()


def test_a_metric_that_the_tuned_half_cannot_define_names_the_seed(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    from ensemble.tuning.split import split_images

    tree = json.loads((folder.path / "ann.json").read_text())
    rare = {category["id"] for category in tree["categories"] if category["frequency"] == "r"}
    first, second = split_images(np.array(sorted(image["id"] for image in tree["images"])), 0)
    one = next(a for a in tree["annotations"] if a["category_id"] in rare)
    others = [a for a in tree["annotations"] if a["category_id"] not in rare]
    for image_id, code_expected in ((int(second[0]), 2), (int(first[0]), 0)):
        tree["annotations"] = [*others, {**one, "image_id": image_id}]
        (folder.path / "ann.json").write_text(json.dumps(tree))
        words = "--metric=APr", "--search=margins", "--margin-trials=0", "--resamples=0"
        assert folder.tune(*words, out=f"out{image_id}") == code_expected
        told = capsys.readouterr().err
        if code_expected:
            assert "ann.json that --seed 0 tunes on, which has no instance of a rare" in told
        else:
            assert "warning: APr is undefined on the other half" in told


@pytest.mark.slow
def test_a_space_of_choices_has_no_more_trials_than_merges(
    folder: Folder, ray_head: Cluster
) -> None:
    words = "--search=method", "--trials=10", "--margin-trials=0", "--resamples=0"
    output = folder.search(ray_head, *words)
    trials = (folder.path / "out" / "trials.jsonl").read_text().splitlines()
    points = [json.loads(line)["point"]["method"] for line in trials]
    assert sorted(points) == ["nms", "soft-nms", "wbf"]
    assert "3 trials, " in output
