"""The bottom-up network of a detectron2 config file: its keys and how its pixels are normalised."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import detectron2
from detectron2.config import CfgNode, get_cfg

STAGES = ("res2", "res3", "res4", "res5")
NEEDED = {
    "MODEL.BACKBONE.NAME": "build_resnet_fpn_backbone",
    "MODEL.RESNETS.OUT_FEATURES": list(STAGES),
    "MODEL.RESNETS.RES5_DILATION": 1,
    "MODEL.FPN.IN_FEATURES": list(STAGES),
    "MODEL.FPN.NORM": "",
    "MODEL.FPN.FUSE_TYPE": "sum",
}
"""What makes a pyramid of p2 to p5 that `FeaturePyramid` computes."""
PIXEL_FORMATS = ("BGR", "RGB")


def config_with_bottom_up(config_file: str) -> CfgNode:
    """detectron2's default configuration with the file's ResNet.

    MODEL.RESNETS, MODEL.BACKBONE.FREEZE_AT, MODEL.PIXEL_MEAN, MODEL.PIXEL_STD and INPUT.FORMAT are
    taken over, and nothing else: proposals, heads and weights are this project's.

    Args:
        config_file: A path, or a name below detectron2's `model_zoo/configs`.

    Raises:
        ValueError: The file is missing or unreadable, or its network has no pyramid like ours.
    """
    path = _find(config_file)
    given = _read(path)
    for key, needed in NEEDED.items():
        value = _value(given, key)
        if value != needed:
            raise ValueError(
                f"backbone.config_file {path}: {key} {value!r}: the feature pyramid of p2 to p5"
                f" needs {needed!r}; take a file of a ResNet with FPN and without norm in it, as"
                " COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
            )
    if given.INPUT.FORMAT not in PIXEL_FORMATS:
        raise ValueError(
            f"backbone.config_file {path}: INPUT.FORMAT {given.INPUT.FORMAT!r}: pixels are given"
            f" as one of {', '.join(PIXEL_FORMATS)}"
        )
    config = get_cfg()
    config.MODEL.RESNETS = given.MODEL.RESNETS
    config.MODEL.BACKBONE.FREEZE_AT = given.MODEL.BACKBONE.FREEZE_AT
    config.MODEL.PIXEL_MEAN = given.MODEL.PIXEL_MEAN
    config.MODEL.PIXEL_STD = given.MODEL.PIXEL_STD
    config.INPUT.FORMAT = given.INPUT.FORMAT
    return config


def _find(config_file: str) -> Path:
    # detectron2.model_zoo, which knows the folder, needs the pkg_resources of old setuptools.
    zoo = Path(detectron2.__file__).parent / "model_zoo" / "configs"
    for path in (Path(config_file), zoo / config_file):
        if path.is_file():
            return path
    names = [str(path.relative_to(zoo)) for path in zoo.rglob("*.yaml")]
    within = sorted(name for name in names if config_file in name)
    near = within[:3] or get_close_matches(config_file, names, n=3) or sorted(names)[:3]
    raise ValueError(
        f"backbone.config_file {config_file!r}: no such file, here or in {zoo};"
        f" near: {', '.join(near) or 'none, that folder is empty'}"
    )


def _read(path: Path) -> CfgNode:
    if path.suffix == ".py":
        raise ValueError(
            f"backbone.config_file {path}: a LazyConfig file, whose network need not be a ResNet;"
            " give a .yaml file"
        )
    config = get_cfg()
    try:
        # Files may tag values that run code when they are read: those are refused.
        config.merge_from_file(str(path), allow_unsafe=False)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"backbone.config_file {path}: cannot be read: {reason};"
            " give a .yaml file with detectron2's own keys and plain values"
        ) from error
    return config


def _value(config: CfgNode, key: str) -> Any:
    node: Any = config
    for word in key.split("."):
        node = node[word]
    return node
