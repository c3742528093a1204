"""What a search reads before its first trial."""

import json
from pathlib import Path

from support.calibration_scene import MODELS, Scene, write_masks
from support.commands.default_options import default_options

from ensemble.sources.spec import parse_sources
from ensemble.tuning.objective.space import Space
from ensemble.tuning.prepare import (
    labelled_sources,
    make_objective,
    open_splits,
    read_annotations,
)
from ensemble.tuning.request import TuneRequest


def test_a_source_of_other_images_is_told_at_once_and_kept_for_the_report(tmp_path: Path) -> None:
    ann = write_masks(tmp_path, 20)
    few = [r for r in json.loads((tmp_path / "a.json").read_text()) if r["image_id"] <= 3]
    (tmp_path / "few.json").write_text(json.dumps(few))
    specs = parse_sources([f"a={tmp_path / 'a.json'}", f"few={tmp_path / 'few.json'}"])
    options = default_options()
    space = Space(options, specs, frozenset({"method"}), ("nms",), ("none",))
    said: list[str] = []
    request = TuneRequest(ann, space, ("AP",), 1, 0, 0)
    truth = read_annotations(request, said.append)
    halves = open_splits(request, truth, tmp_path / "work", said.append)
    (warning,) = halves[0].warnings
    assert f"warning: {warning}" in said
    assert warning.startswith("few has detections in only") and "another split" in warning


def test_a_source_of_few_boxes_is_calibrated_by_the_map_of_all(tmp_path: Path) -> None:
    ann = write_masks(tmp_path, 80)
    few = [r for r in Scene(80).detections(MODELS["b"]) if r["image_id"] <= 8]
    (tmp_path / "few.json").write_text(json.dumps(few))
    specs = parse_sources([f"a={tmp_path / 'a.json'}", f"few={tmp_path / 'few.json'}"])
    options = default_options() | {"method": "nms"}
    kinds = ("none", "platt", "isotonic")
    space = Space(options, specs, frozenset({"calibration"}), ("nms",), kinds)
    said: list[str] = []
    request = TuneRequest(ann, space, ("AP",), 1, 0, 0)
    truth = read_annotations(request, said.append)
    split, _ = open_splits(request, truth, tmp_path / "work", said.append)
    labelled = labelled_sources(split)
    assert (labelled["a"].overlap, labelled["few"].overlap) == ("segm", "box")
    objective = make_objective(request, split, labelled, tmp_path / "union", said.append)
    of_few = objective.fusion.rows.source == 1
    before, after = objective.scores["none"], objective.scores["platt"]
    assert (before[0, of_few] != after[0, of_few]).all()
    assert not any("no platt" in line for line in said)


def test_a_kind_that_no_source_can_have_leaves_the_space_and_is_told(tmp_path: Path) -> None:
    ann = write_masks(tmp_path, 20)
    specs = parse_sources([f"a={tmp_path / 'a.json'}"])
    options = default_options() | {"method": "nms"}
    said: dict[bool, list[str]] = {True: [], False: []}
    for searched, told in said.items():
        words = frozenset({"calibration"} if searched else {"iou"})
        space = Space(options, specs, words, ("nms",), ("none", "isotonic"))
        request = TuneRequest(ann, space, ("AP",), 1, 0, 0)
        truth = read_annotations(request, told.append)
        work = tmp_path / f"work{searched}"
        split, _ = open_splits(request, truth, work, told.append)
        of = request, split, labelled_sources(split), tmp_path / f"union{searched}"
        assert make_objective(*of, told.append).space.calibrations == ("none",)
    assert any("no isotonic calibration: no source has 200 right" in line for line in said[True])
    assert not any("isotonic" in line for line in said[False])
