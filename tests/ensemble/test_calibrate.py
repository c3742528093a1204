"""The command: fit on one set of images, apply to another."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.calibration_scene import LETTERS, MODELS, Scene, with_mask

from ensemble.calibrate import main
from ensemble.calibration.file import Calibration
from longtail.commands import run
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import PredictionStore, Source

Records = list[dict[str, Any]]


class Folder:
    """A temporary folder with ann.json and the sources a.json and b.json."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scene = Scene(80)
        self.ann = self.scene.annotations(path / "ann.json")
        for name in "ab":
            self.write(f"{name}.json", self.scene.detections(MODELS[name]))

    def write(self, name: str, tree: object) -> Path:
        path = self.path / name
        path.write_text(json.dumps(tree))
        return path

    def read(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    def call(self, *words: str) -> int:
        """Exit code of the command; {} stands for the folder."""
        with pytest.raises(SystemExit) as ended:
            run(main, [word.replace("{}", str(self.path)) for word in words])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    def fit(self, *options: str, out: str = "calibration.json") -> int:
        words = "--ann={}/ann.json", "--pred=a={}/a.json", "--pred=b={}/b.json", "--overlap=box"
        return self.call("fit", *words, f"--out={{}}/{out}", *options)

    def apply(self, pred: str, out: str, *options: str) -> int:
        words = "--calibration={}/calibration.json", "--ann={}/ann.json", f"--pred={pred}"
        return self.call("apply", *words, f"--out={{}}/{out}", *options)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_fit_writes_maps_and_shows_the_error_before_and_after(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.fit() == 0
    calibration = Calibration.load(folder.path / "calibration.json")
    assert list(calibration.sources) == ["a", "b"]
    assert (calibration.kind, calibration.groups, calibration.overlap) == (
        "platt",
        "frequency",
        "box",
    )
    error = calibration.sources["b"].error["all"]
    assert error.after < error.before / 3
    output = capsys.readouterr().out
    assert "D-ECE" in output and "slope" in output


def test_shuffled_rows_give_the_same_file(folder: Folder) -> None:
    assert folder.fit() == 0
    rows = folder.read("a.json")
    np.random.default_rng(0).shuffle(rows)
    folder.write("a.json", rows)
    assert folder.fit(out="again.json") == 0
    assert (folder.path / "again.json").read_bytes() == (
        folder.path / "calibration.json"
    ).read_bytes()


def test_a_store_gives_the_same_file_as_the_json_it_was_made_of(folder: Folder) -> None:
    from longtail.categories import CategoryTable

    of = ImageSet.from_json(folder.ann), CategoryTable.from_json(folder.ann)
    import_json(folder.path / "a.json", *of, folder.path / "a_store", Source("a"))
    assert folder.fit() == 0
    words = "--ann={}/ann.json", "--pred=b={}/b.json", "--pred=a={}/a_store", "--overlap=box"
    assert folder.call("fit", *words, "--out={}/again.json") == 0
    assert folder.read("again.json") == folder.read("calibration.json")


def test_apply_changes_scores_and_nothing_else(folder: Folder) -> None:
    assert folder.fit() == 0
    assert folder.apply("b={}/b.json", "b_calibrated.json", "--with-bbox") == 0
    assert folder.apply("b={}/b.json", "b_store") == 0
    before, after = folder.read("b.json"), folder.read("b_calibrated.json")
    scores = PredictionStore.open(folder.path / "b_store").read_all().score
    assert scores.tolist() == [record["score"] for record in after]
    key = "image_id", "category_id", "bbox"
    by_image = sorted(before, key=lambda record: record["image_id"])
    assert [[r[k] for k in key] for r in by_image] == [[r[k] for k in key] for r in after]
    calibration = Calibration.load(folder.path / "calibration.json")
    first = np.array([by_image[0]["score"]])
    letter = LETTERS[by_image[0]["category_id"] - 1]
    expected = calibration.apply("b", first, np.array(["rcf".index(letter)]))
    assert scores[0] == expected[0] != first[0]


def test_a_mask_score_keeps_its_ratio_to_the_score(tmp_path: Path) -> None:
    from dataclasses import replace

    from ensemble.calibration.apply import write_calibrated
    from longtail.categories import CategoryTable
    from longtail.predictions.store import StoreWriter

    folder = Folder(tmp_path)
    assert folder.fit() == 0
    images, categories = ImageSet.from_json(folder.ann), CategoryTable.from_json(folder.ann)
    store = import_json(tmp_path / "a.json", images, categories, tmp_path / "plain", Source("a"))
    writer = StoreWriter(tmp_path / "scored", images, Source("a"))
    halved = [replace(columns, score_mask=columns.score / 2) for columns in store.blocks()]
    writer.write_shard(0, halved)
    calibration = Calibration.load(tmp_path / "calibration.json")
    found = write_calibrated(calibration, "a", writer.finish(), categories, tmp_path / "out")
    columns = found.read_all()
    assert np.allclose(columns.score_mask, columns.score / 2)
    assert found.source == store.source


def test_masks_decide_by_default(folder: Folder) -> None:
    tree = folder.read("ann.json")
    for record in tree["annotations"]:
        record["segmentation"] = with_mask(record)["segmentation"]
    folder.write("ann.json", tree)
    folder.write("masks.json", [record | with_mask(record) for record in folder.read("a.json")])
    words = "--ann={}/ann.json", "--pred=a={}/masks.json"
    assert folder.call("fit", *words, "--out={}/segm.json") == 0
    assert folder.call("fit", *words, "--out={}/box.json", "--overlap=box") == 0
    segm, box = folder.read("segm.json")["calibration"], folder.read("box.json")["calibration"]
    assert (segm["overlap"], box["overlap"]) == ("segm", "box")
    assert (segm["sources"]["a"].pop("overlap"), box["sources"]["a"].pop("overlap")) == (
        "segm",
        "box",
    )
    assert segm["sources"] == box["sources"]


@pytest.mark.parametrize("kind", ["norcal", "NorCal", "logit-adjustment", "logit_adjustment"])
def test_what_needs_class_rows_is_sent_to_inference(
    folder: Folder, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.fit(f"--kind={kind}") == 2
    assert "inference.score_adjustment" in capsys.readouterr().err


def test_unknown_kinds_and_numbers_are_usage_errors(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.fit("--kind=histogram") == 2
    assert folder.fit("--iou=0.42") == 2
    assert folder.fit("--folds=1") == 2
    assert folder.fit("--min-matches=0") == 2
    output = capsys.readouterr().err
    assert all(option in output for option in ("histogram", "--iou 0.42", "--folds 1"))
    assert not (folder.path / "calibration.json").exists()


def test_a_damaged_file_is_bad_input(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.write("calibration.json", {})
    assert folder.apply("a={}/a.json", "out.json") == 3
    assert "calibration.json: does not end in its SHA-256" in capsys.readouterr().err


def test_an_output_that_exists_is_not_replaced(folder: Folder) -> None:
    assert folder.fit() == 0
    before = (folder.path / "calibration.json").read_bytes()
    assert folder.fit("--kind=rank") == 2
    assert (folder.path / "calibration.json").read_bytes() == before


def test_a_source_that_was_not_fitted_is_a_usage_error(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.fit() == 0
    assert folder.apply("c={}/a.json", "out") == 2
    assert "no source c, only a, b" in capsys.readouterr().err
    assert not (folder.path / "out").exists()


def test_groups_without_a_map_of_their_own_are_named(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.fit("--min-matches=250") == 0
    output = capsys.readouterr()
    assert "a: rare, common categories have under 250" in " ".join(output.err.split())
    assert "as all" in output.out


def test_an_empty_source_gets_no_map_and_needs_none(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("empty.json", [])
    assert folder.fit("--pred=c={}/empty.json") == 0
    said = capsys.readouterr().err
    assert "warning: c has no detection in any of 80 images" in said and "c: gets no map" in said
    assert list(Calibration.load(folder.path / "calibration.json").sources) == ["a", "b"]
    assert folder.apply("c={}/empty.json", "c.json") == 0
    assert folder.read("c.json") == []
    assert folder.apply("c={}/a.json", "d.json") == 2
    words = "--ann={}/ann.json", "--pred=c={}/empty.json", "--out={}/none", "--overlap=box"
    assert folder.call("fit", *words) == 3
    assert "no source has a detection" in capsys.readouterr().err


def test_scores_of_another_scale_are_fitted_and_calibrated_alike(folder: Folder) -> None:
    assert folder.fit() == 0
    records = folder.read("a.json")
    folder.write("percent.json", [{**r, "score": 128 * r["score"]} for r in records])
    assert folder.apply("a={}/percent.json", "wrong.json", "--with-bbox") == 3
    assert folder.apply("a={}/percent.json,max_score=128", "b128.json", "--with-bbox") == 0
    assert folder.apply("a={}/a.json", "b1.json", "--with-bbox") == 0
    assert folder.read("b128.json") == folder.read("b1.json")


def test_another_scale_than_that_of_the_calibration_is_told(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    percent = [{**r, "score": 64 * r["score"]} for r in folder.read("a.json")]
    folder.write("percent.json", percent)
    assert folder.fit("--pred=p={}/percent.json,max_score=64") == 0
    capsys.readouterr()
    assert folder.apply("p={}/percent.json,max_score=64", "same.json", "--with-bbox") == 0
    assert "divided by" not in capsys.readouterr().err
    assert folder.apply("p={}/percent.json,max_score=128", "other.json", "--with-bbox") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "warning: p: scores are divided by 128, and were by 64 when it was calibrated" in said
