"""A plan over a tiny data set that nothing is run on."""

import json
from pathlib import Path

import pytest

from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.config.classifiers import Equalization, Sigmoid
from longtail.config.stages import Stage
from longtail.config.variant import Variant


@pytest.fixture
def data(tmp_path: Path) -> DataFiles:
    category = {"id": 1, "name": "cup", "frequency": "f", "image_count": 1, "instance_count": 1}
    image = {
        "id": 1,
        "height": 8,
        "width": 8,
        "file_name": "1.png",
        "neg_category_ids": [],
        "not_exhaustive_category_ids": [],
    }
    annotation = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [1, 1, 4, 4],
        "area": 16,
        "segmentation": [[1, 1, 5, 1, 5, 5, 1, 5]],
    }
    tree = {"images": [image], "annotations": [annotation], "categories": [category]}
    file = tmp_path / "train.json"
    file.write_text(json.dumps(tree))
    return DataFiles(file, file, tmp_path, "a" * 64, "b" * 64)


@pytest.fixture
def plan(data: DataFiles) -> Plan:
    """Two rows, of sigmoid and equalization classifiers."""
    variants = {
        "sigmoid": Variant(stages=(Stage(classifier=Sigmoid()),)),
        "eql": Variant(stages=(Stage(classifier=Equalization()),)),
    }
    return make_plan(variants, (0,), data)
