"""Masks from given boxes, by the level they are made from."""

import pytest
import torch

from docs.studies.thin.given_boxes import FinestLevel, grid_iou, means_by_group
from longtail.models.pooling.pyramid import PyramidPooler


def test_the_finest_level_is_taken_whatever_a_box_measures() -> None:
    pooler = PyramidPooler(("p2", "p3"), (4, 8), size=2)
    features = {"p2": torch.zeros(1, 1, 64, 64), "p3": torch.ones(1, 1, 32, 32)}
    boxes = [torch.tensor([[0.0, 0, 20, 20], [0, 0, 200, 200]])]
    assert pooler(features, boxes).flatten(1).mean(dim=1).tolist() == [0, 1]
    assert FinestLevel(pooler)(features, boxes).flatten(1).mean(dim=1).tolist() == [0, 0]


def test_iou_on_the_grid() -> None:
    a, b = torch.zeros(2, 2, 4, 4, dtype=torch.bool)
    a[0, :2], b[0, 1:3] = True, True
    assert grid_iou(a, b).tolist() == pytest.approx([1 / 3, 0])
    a[0, :, 0] = True
    assert grid_iou(a, a).tolist() == [1, 0]


def test_means_are_by_group_and_levels_count_boxes_above_the_finest_alone() -> None:
    # Categories 0 and 1 are thin, 3 is stout, 8 is solid.
    labels = torch.tensor([0, 1, 3, 8])
    above = torch.tensor([1.0, 0, 1, 0])
    ious = torch.tensor([0.4, 0.6, 0.5, 0.9])
    values = torch.stack([above, above, 0 * above, ious / 2, ious, ious, 2 * ious], dim=1)
    found = means_by_group(labels, values)
    assert [found[group]["instances"] for group in ("thin", "stout", "solid")] == [2, 1, 1]
    assert [found[group]["iou"] for group in ("thin", "stout", "solid")] == pytest.approx(
        [0.5, 0.5, 0.9]
    )
    assert found["thin"]["area"] == pytest.approx(1.0)
    thin = {key: found["thin"][key] for key in ("above", "finer_by_rule", "by_area", "finest")}
    assert thin == pytest.approx({"above": 1, "finer_by_rule": 1, "by_area": 0.2, "finest": 0.4})
