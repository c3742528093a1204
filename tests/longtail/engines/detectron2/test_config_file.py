from pathlib import Path

import pytest

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from longtail.engines.detectron2.config_file import config_with_bottom_up

R50 = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
DCN = "Misc/mask_rcnn_R_50_FPN_1x_dconv_c3-c5.yaml"
X101 = "COCO-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_3x.yaml"
FPN = """
MODEL:
  BACKBONE: {NAME: build_resnet_fpn_backbone}
  RESNETS: {OUT_FEATURES: [res2, res3, res4, res5]}
  FPN: {IN_FEATURES: [res2, res3, res4, res5]}
"""


def test_network_and_pixels_are_those_of_the_file() -> None:
    network = config_with_bottom_up(X101).MODEL.RESNETS
    assert (network.DEPTH, network.NUM_GROUPS, network.WIDTH_PER_GROUP) == (101, 32, 8)
    assert config_with_bottom_up(DCN).MODEL.RESNETS.DEFORM_ON_PER_STAGE == [False, True, True, True]
    config = config_with_bottom_up(X101)
    assert config.INPUT.FORMAT == "BGR"
    assert config.MODEL.PIXEL_STD == [57.375, 57.12, 58.395]
    assert config.MODEL.BACKBONE.FREEZE_AT == 2


def test_nothing_else_is_taken_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(FPN + "  WEIGHTS: model.pkl\n  RPN: {LOSS_WEIGHT: 9.0}\n")
    config = config_with_bottom_up(str(file))
    assert (config.MODEL.WEIGHTS, config.MODEL.RPN.LOSS_WEIGHT) == ("", 1.0)


def test_a_file_may_inherit_from_another(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(FPN)
    (tmp_path / "mine.yaml").write_text("_BASE_: base.yaml\nMODEL: {RESNETS: {DEPTH: 101}}\n")
    assert config_with_bottom_up(str(tmp_path / "mine.yaml")).MODEL.RESNETS.DEPTH == 101


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "COCO-InstanceSegmentation/mask_rcnn_R_50_C4_3x.yaml",
            "MODEL.BACKBONE.NAME 'build_resnet_",
        ),
        (
            "COCO-InstanceSegmentation/mask_rcnn_R_50_DC5_3x.yaml",
            "MODEL.BACKBONE.NAME 'build_resne",
        ),
        ("Misc/mask_rcnn_R_50_FPN_3x_gn.yaml", "MODEL.FPN.NORM 'GN': the feature pyramid"),
        ("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.py", "a LazyConfig file"),
        ("COCO-Detection/retinanet_R_50_FPN_1x.yaml", "python/object/apply:eval"),
        ("mask_rcnn_R_50_FPN_3x.yaml", f"no such file, here or in .*near: .*{R50}"),
        ("nope.yaml", "near: "),
    ],
)
def test_a_file_without_such_a_pyramid_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"backbone.config_file .*{text}"):
        config_with_bottom_up(name)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (FPN.replace("IN_FEATURES: [res2, ", "IN_FEATURES: ["), "MODEL.FPN.IN_FEATURES"),
        (FPN + "  POINT_HEAD: {}\n", "Non-existent config key: MODEL.POINT_HEAD"),
        (FPN + "INPUT: {FORMAT: L}\n", "INPUT.FORMAT 'L': pixels are given as one of BGR, RGB"),
        ("{", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_an_unfit_file_of_ones_own_is_named_with_its_key(
    tmp_path: Path, content: str, text: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content)
    with pytest.raises(ValueError, match=f"mine.yaml: .*{text}"):
        config_with_bottom_up(str(file))


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    proof, file = tmp_path / "proof", tmp_path / "mine.yaml"
    file.write_text(f"VERSION: !!python/object/apply:os.mkdir ['{proof}']\n")
    with pytest.raises(ValueError, match=r"mine\.yaml: cannot be read: could not determine"):
        config_with_bottom_up(str(file))
    assert not proof.exists()
