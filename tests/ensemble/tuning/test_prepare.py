"""What a search reads before its first trial."""

import json
from pathlib import Path

from support.calibration_scene import write_masks

from ensemble.sources.spec import parse_sources
from ensemble.tuning.objective.space import Space
from ensemble.tuning.prepare import open_splits, read_annotations
from ensemble.tuning.request import TuneRequest


def test_a_source_of_other_images_is_told_at_once_and_kept_for_the_report(tmp_path: Path) -> None:
    ann = write_masks(tmp_path, 20)
    few = [r for r in json.loads((tmp_path / "a.json").read_text()) if r["image_id"] <= 3]
    (tmp_path / "few.json").write_text(json.dumps(few))
    specs = parse_sources([f"a={tmp_path / 'a.json'}", f"few={tmp_path / 'few.json'}"])
    options = {"strict": True}
    space = Space(options, specs, frozenset({"method"}), ("nms",), ("none",))
    said: list[str] = []
    request = TuneRequest(ann, space, ("AP",), 1, 0, 0)
    truth = read_annotations(request, said.append)
    halves = open_splits(request, truth, tmp_path / "work", said.append)
    (warning,) = halves[0].warnings
    assert f"warning: {warning}" in said
    assert warning.startswith("few has detections in only") and "another split" in warning
