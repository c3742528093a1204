"""What the table of architectures counts, against published numbers and sums by hand."""

import json
from typing import Any

import pytest
import torch
from torchvision.models import ResNet50_Weights
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights
from torchvision.ops import deform_conv2d

from benchmarks.architectures.__main__ import BEGIN, END, PAGE, RESULTS, with_tables
from benchmarks.architectures.count import (
    build_meta,
    cost_of,
    counted,
    deform_conv2d_operations,
    num_parameters,
    parameters_of,
)
from benchmarks.architectures.named import DETECTORS, PUBLISHED
from benchmarks.architectures.table import tables
from longtail.config.detector import Detector, Timm
from longtail.models.backbone import TimmBackbone

TOY = Detector(backbone=Timm(model="test_resnet"))


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(RESULTS.read_text())
    return loaded


def test_parameters_are_those_that_torchvision_publishes() -> None:
    with torch.device("meta"):
        engine = build_meta(Detector(), num_categories=90)
    # torchvision freezes its norms, whose scale and shift are no parameters then: 26,560 channels.
    norms = sum(num_parameters(m) for m in engine.modules() if isinstance(m, torch.nn.BatchNorm2d))
    assert norms == 2 * 26_560
    # It has four deltas of 1024 weights and a bias, and a mask of 256 and a bias, of background.
    background = 4 * 1025 + 257
    published = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["num_params"]
    counts = parameters_of(engine)
    assert sum(counts.values()) == num_parameters(engine) == published + norms - background


def test_operations_of_a_network_are_those_that_torchvision_publishes() -> None:
    with torch.device("meta"), torch.no_grad():
        backbone = TimmBackbone("resnet50", frozen_norm=False)
        _, found = counted(lambda: backbone(torch.zeros(1, 3, 224, 224)))
    # In 1e9 multiply-adds, three decimals, with a layer of 2048 x 1000.
    published = ResNet50_Weights.IMAGENET1K_V1.meta["_ops"]
    assert found / 2e9 + 2048e3 / 1e9 == pytest.approx(published, abs=5e-4)


def test_operations_of_a_toy_by_hand() -> None:
    cost = cost_of(TOY, num_categories=10, size=(64, 64))
    cells = [256, 64, 16, 4]
    widths = [32, 48, 192, 96]
    lateral = sum(n * width * 256 for n, width in zip(cells, widths, strict=True))
    output = sum(cells) * 256 * 256 * 9
    assert cost.operations["neck"] == 2 * (lateral + output)
    # p6 has one cell; 3 anchors with a logit and four deltas each.
    proposed = (sum(cells) + 1) * (256 * 256 * 9 + 256 * 15)
    assert cost.operations["rpn"] == 2 * proposed
    layers = 256 * 49 * 1024 + 1024 * 1024 + 1024 * 11 + 1024 * 40
    assert cost.operations["boxes"] == 2 * 1000 * layers
    convolutions = 196 * (4 * 256 * 256 * 9) + 196 * 256 * 256 * 4
    # Of the predictor only the filter of the detection's own category is computed.
    assert cost.operations["masks"] == 2 * 100 * (convolutions + 784 * 256)
    assert cost.operations["context"] == 0


@pytest.mark.parametrize("steps", [2, 3])
def test_a_further_look_costs_the_network_the_pyramid_and_what_is_between(steps: int) -> None:
    neck = {"neck": "recursive_feature_pyramid", "neck.steps": steps}
    plain = cost_of(TOY, 10, (64, 64))
    recursive = cost_of(TOY.override(neck), 10, (64, 64))
    told = [64, 16, 4]
    # Of 256 channels the branches of dilation 1, 3 and 6 make 64 each; so does the mean's one cell.
    between = sum(n * 256 * 64 * (1 + 9 + 9) + 256 * 64 for n in told)
    between += sum(n * 256 * width for n, width in zip(told, (48, 192, 96), strict=True))
    fusion = (256 + sum(told) + 1) * 256
    look = plain.operations["backbone"] + plain.operations["neck"] + 2 * (between + fusion)
    assert recursive.operations["neck"] == plain.operations["neck"] + (steps - 1) * look


def test_a_deformable_convolution_counts_as_a_plain_one() -> None:
    image, weight = torch.zeros(2, 8, 9, 9), torch.zeros(12, 4, 3, 3)
    offset = torch.zeros(2, 18, 7, 7)
    _, deformed = counted(lambda: deform_conv2d(image, offset, weight))
    _, plain = counted(lambda: torch.conv2d(image, weight, groups=2))
    assert deformed == plain == 2 * (2 * 12 * 49) * (4 * 9)
    assert deform_conv2d_operations((1, 8, 9, 9), (12, 8, 3, 3), out_shape=(1, 12, 7, 7)) == (
        2 * 12 * 49 * 72
    )


def test_networks_have_what_is_published(figures: dict[str, Any]) -> None:
    for row in figures["networks"]:
        said = PUBLISHED[row["name"]]
        assert abs(row["classifier"] - said.parameters) <= said.unit / 2
        if row["parameters"] is not None:
            rest = row["classifier"] - row["last layer"] - row["parameters"]
            # Scale and shift of 768 channels: the norm before the last layer.
            normed = row["name"] in ("convnext_tiny", "swin_tiny_patch4_window7_224")
            assert rest == (1536 if normed else 0)


def test_the_page_has_the_tables_of_the_file(figures: dict[str, Any]) -> None:
    assert [row["name"] for row in figures["detectors"]] == list(DETECTORS)
    page = PAGE.read_text()
    assert with_tables(page, tables(figures)) == page
    assert page.count(BEGIN) == page.count(END) == 1


def test_tables_replace_those_before() -> None:
    page = f"one\n{BEGIN}\nold\n\n{END}two\n"
    assert with_tables(page, "new\n") == f"one\n{BEGIN}\nnew\n\n{END}two\n"
