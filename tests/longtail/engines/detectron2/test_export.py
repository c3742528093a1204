from pathlib import Path

import pytest
from support.statistics_of import statistics_of

from longtail.categories import CategoryTable
from longtail.config.classifiers import Calibrated, Classifier
from longtail.config.detector import Detector
from longtail.config.scores import HeadMerge
from longtail.config.variant import Inference

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.config import get_cfg

from longtail.engines.detectron2.config import add_longtail_config
from longtail.engines.detectron2.export import write_export
from longtail.engines.detectron2.keys import inference_of

CATEGORIES = CategoryTable.from_records(
    [{"id": 1, "name": "cup"}, {"id": 2, "name": "axe"}], "ours.json", counts_required=False
)


def _write(folder: Path, detector: Detector, classifier: Classifier, merge: HeadMerge) -> None:
    inference = Inference(head_merge=merge)
    write_export(folder, {}, detector, classifier, inference, statistics_of(2), CATEGORIES)


def test_scores_scaled_by_means_over_a_set_are_not_exported(
    detector: Detector, tmp_path: Path
) -> None:
    merge = HeadMerge(rule="cat_scale", scale_images=50)
    with pytest.raises(ValueError, match=r"scale_images 50: .* set 0"):
        _write(tmp_path / "export", detector, Calibrated(), merge)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("merge", [HeadMerge(rule="cat_scale", scale_images=0), HeadMerge()])
def test_scores_of_an_image_by_itself_are(
    merge: HeadMerge, detector: Detector, tmp_path: Path
) -> None:
    _write(tmp_path / "export", detector, Calibrated(), merge)
    cfg = get_cfg()
    add_longtail_config(cfg)
    cfg.merge_from_file(str(tmp_path / "export" / "config.yaml"))
    assert inference_of(cfg).head_merge == merge
