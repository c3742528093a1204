"""A trained detector as a folder that detectron2's own tools read. K categories."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from longtail.categories import CategoryTable
from longtail.config.classifiers import Calibrated, Classifier
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.engines.detectron2.config import longtail_config
from longtail.engines.detectron2.neutral import inside_name
from longtail.files import new_directory
from longtail.models.category_statistics import CategoryStatistics

CONFIG = "config.yaml"
WEIGHTS = "model_final.pth"
CATEGORIES = "categories.json"
README = """# A detector in detectron2's format

`{config}`, `{weights}` and `{categories}` (ids and names; the index in the list is `pred_classes`).
detectron2 and longtail must be installed. From this folder:

```python
import cv2
from detectron2.config import get_cfg
from detectron2.engine import DefaultPredictor
from longtail.engines.detectron2.config import add_longtail_config  # makes the parts known

cfg = get_cfg()
add_longtail_config(cfg)
cfg.merge_from_file("{config}")
cfg.MODEL.WEIGHTS = "{weights}"  # set cfg.MODEL.DEVICE = "cpu" where there is no GPU
instances = DefaultPredictor(cfg)(cv2.imread("picture.jpg"))["instances"]
```

detectron2 makes masks of pixels of probability 0.5 and more, whatever `mask_threshold` was.
`MODEL.LONGTAIL.IMAGE_COUNT` and `INSTANCE_COUNT` are of the annotations it was trained on.
"""


def write_export(
    folder: Path,
    weights: Mapping[str, Tensor],
    detector: Detector,
    classifier: Classifier,
    inference: Inference,
    statistics: CategoryStatistics,
    categories: CategoryTable,
) -> None:
    """Write the folder under a temporary name, then rename it.

    Args:
        folder: What is made; it must not be there.
        weights: State of the detector by neutral name, of any engine.
        detector: The network.
        classifier: Of the last stage.
        inference: What a prediction keeps.
        statistics: Of the categories of the training annotations.
        categories: The same categories, by ascending id.

    Raises:
        ValueError: The folder is there, the backbone's config file or anchor sizes do not fit, or
            scores are scaled by means over a set of images.
    """
    if folder.exists():
        raise ValueError(f"{folder} is there already; give another folder, or remove it")
    merge = inference.head_merge
    if isinstance(classifier, Calibrated) and merge.rule == "cat_scale" and merge.scale_images:
        raise ValueError(
            f"inference.head_merge.scale_images {merge.scale_images}: an exported detector sees"
            " one image at a time; set 0, which takes each image's own means, or another rule"
        )
    config = longtail_config(
        detector.replace(engine="detectron2").without_weights(), classifier, inference, statistics
    )
    config.MODEL.WEIGHTS = WEIGHTS
    names = {"config": CONFIG, "weights": WEIGHTS, "categories": CATEGORIES}
    with new_directory(folder) as partial:
        (partial / CONFIG).write_text(config.dump())
        torch.save({"model": _detectron2_names(weights)}, partial / WEIGHTS)
        (partial / CATEGORIES).write_text(json.dumps(_listed(categories), indent=1))
        (partial / "README.md").write_text(README.format(**names))


def _detectron2_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {inside_name(name).removeprefix("model."): value for name, value in weights.items()}


def _listed(categories: CategoryTable) -> list[dict[str, int | str]]:
    pairs = zip(categories.ids.tolist(), categories.names, strict=True)
    return [{"id": category_id, "name": name} for category_id, name in pairs]
