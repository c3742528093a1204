"""Which metrics annotations define; lvis-api is the oracle."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.merge_folder import lvis_file

from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.defined import defined_metrics, require_defined


def written(folder: Path, categories: tuple[int, ...], **fields: Any) -> Path:
    tree = lvis_file()
    tree["annotations"] = [
        {**record, **fields}
        for record in tree["annotations"]
        if record["category_id"] in categories
    ]
    path = folder / "ann.json"
    path.write_text(json.dumps(tree))
    return path


def defined_by_lvis_api(path: Path) -> set[str]:
    np.float = float  # type: ignore[attr-defined]
    from lvis import LVIS, LVISEval, LVISResults

    tree = json.loads(path.read_text())
    one = tree["annotations"][0]
    keys = "image_id", "category_id", "segmentation", "bbox"
    found = [{**{key: one[key] for key in keys}, "score": 0.5}]
    truth = LVIS(str(path))
    defined = set()
    for kind, names in (("segm", ("AP", "APr", "APc", "APf")), ("bbox", ("AP",))):
        evaluation = LVISEval(truth, LVISResults(truth, found), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        results = evaluation.get_results()
        defined |= {"AP_box" if kind == "bbox" else name for name in names if results[name] > -1}
    return defined


@pytest.mark.parametrize("categories", [(3, 7, 9), (7, 9), (9,), (3,)])
def test_metrics_are_defined_where_lvis_api_has_a_value(
    categories: tuple[int, ...], tmp_path: Path
) -> None:
    path = written(tmp_path, categories)
    assert set(defined_metrics(read_ground_truth(path))) == defined_by_lvis_api(path)


def test_ignored_instances_define_nothing(tmp_path: Path) -> None:
    truth = read_ground_truth(written(tmp_path, (3, 7, 9), ignore=1))
    assert defined_metrics(truth) == ()
    with pytest.raises(ValueError, match="has no instance that counts; it defines nothing"):
        require_defined(["AP"], truth, "val.json")


def test_the_error_says_what_is_defined(tmp_path: Path) -> None:
    truth = read_ground_truth(written(tmp_path, (7, 9)))
    require_defined(["AP", "APf", "AP_box"], truth, "val.json")
    expected = (
        r"--metric APr: undefined on val\.json, which has no instance of a rare category; it"
        r" defines AP, APc, APf, AP_box"
    )
    with pytest.raises(ValueError, match=expected):
        require_defined(["AP", "APr"], truth, "val.json")


def test_boxes_define_no_mask_metric(tmp_path: Path) -> None:
    tree = lvis_file()
    for record in tree["annotations"]:
        del record["segmentation"]
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(tree))
    truth = read_ground_truth(path)
    assert defined_metrics(truth) == ("AP_box",)
    with pytest.raises(ValueError, match=r"--metric AP: .* has boxes and no masks"):
        require_defined(["AP"], truth, "val.json")
