"""The configuration of neck and heads that the shapes of their weights ask for."""

import math
import re
from collections.abc import Mapping

Shapes = Mapping[str, tuple[int, ...]]
"""Of each weight, by its name here."""
OPTIONS: tuple[tuple[str, bool | str, str], ...] = (
    ("box_head.pooling", "deformable", r"roi_heads\.box_pooler\."),
    ("box_head.regression", "convolutional", r"roi_heads\.double_head\."),
    ("mask_head.pooling", "deformable", r"roi_heads\.mask_pooler\."),
    ("mask_head.boundary", True, r"roi_heads\.mask_head\.(?:\d+\.)?boundary\."),
    ("mask_head.scoring", True, r"roi_heads\.mask_scorer\."),
    ("neck.norm", "batch", r"neck\.pyramid\.inner_blocks\.\d\.1\.running_mean"),
    ("mask_head.norm", "batch", r"roi_heads\.mask_head\.(?:\d+\.)?norms\.\d+\.running_mean"),
)
"""Fields of `detector` below it, with the value whose layers have names that begin so. Norms of one
worker and of all have the same names."""
_DEFORMED = re.compile(r"backbone\.body\.(?:layer|s|stages_)(\d)\..*\boffset\.weight")
Settings = dict[str, int | bool | str | list[str]]
"""Values by path of the configuration."""


def shape_of(
    shapes: Shapes, module: str, weight: str, otherwise: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """Of a module's weight, or of its first stage's."""
    return shapes.get(f"{module}.{weight}") or shapes.get(f"{module}.0.{weight}") or otherwise


def settings_of(shapes: Shapes) -> Settings:
    """The fields of `detector` that decide the shapes of neck and heads, and the stages of a timm
    backbone that are deformable."""
    neck = shapes.get("neck.pyramid.layer_blocks.0.0.weight")
    hidden = shape_of(shapes, "roi_heads.box_head", "fc1.weight")
    deltas = shape_of(shapes, "roi_heads.box_regressor", "linear.weight")
    upsampled = shape_of(shapes, "roi_heads.mask_head", "deconvolution.weight")
    masks = shape_of(shapes, "roi_heads.mask_head", "predictor.weight")
    settings: Settings = {}
    context = _of_context(shapes)
    cascaded = "roi_heads.box_head.0.fc1.weight" in shapes
    if cascaded or context:
        own_masks = "roi_heads.mask_head.0.deconvolution.weight" in shapes
        flows = "roi_heads.mask_head.1.flow.convolution.weight" in shapes
        settings["roi_stages"] = "htc" if flows or context else "cascade"
        if context and not flows:
            settings["roi_stages.mask_information_flow"] = False
        elif not own_masks:
            settings["roi_stages.mask_heads"] = "one"
    settings.update(_of_copies(shapes))
    if neck:
        settings["neck_channels"] = neck[0]
    if hidden:
        settings["box_head.channels"] = hidden[0]
        if neck:
            settings["box_head.pool_size"] = math.isqrt(hidden[1] // neck[0])
    if deltas:
        boxes = "roi_stages" if cascaded or context else "box_head"
        settings[f"{boxes}.class_specific_boxes"] = deltas[0] > 4
    if upsampled:
        settings["mask_head.channels"] = upsampled[1]
        convolution = re.compile(r"roi_heads\.mask_head\.(?:0\.)?convolutions\.\d+\.weight")
        settings["mask_head.convolutions"] = sum(bool(convolution.match(name)) for name in shapes)
    if masks:
        settings["mask_head.class_specific"] = masks[0] > 1
    settings.update(context)
    if deformed := _deformed(shapes):
        settings["backbone.deformable"] = deformed
    settings.update({path: value for path, value, pattern in OPTIONS if _count(shapes, pattern)})
    return {f"detector.{path}": value for path, value in settings.items()}


def _of_copies(shapes: Shapes) -> dict[str, int | str]:
    """The fields of a recursive neck, below `detector`; its dilations are in no shape."""
    copies = {found[1] for name in shapes if (found := re.match(r"neck\.copies\.(\d+)\.", name))}
    if not copies:
        return {}
    return {"neck": "recursive_feature_pyramid", "neck.steps": len(copies) + 1}


def _count(shapes: Shapes, pattern: str) -> int:
    """How many names begin as the pattern says."""
    return sum(re.match(pattern, name) is not None for name in shapes)


def _deformed(shapes: Shapes) -> list[str]:
    """The stages of a timm backbone with deformable convolutions; timm counts from 0 or 1."""
    found = [match for name in shapes if (match := _DEFORMED.fullmatch(name))]
    first = 2 if any("stages_" in match[0] for match in found) else 1
    return sorted({f"c{int(match[1]) + first}" for match in found})


def _of_context(shapes: Shapes) -> dict[str, int]:
    """The fields of the branches of context that are there, below `detector`."""
    settings = {}
    for branch in ("semantic", "global_context"):
        prefix = rf"roi_heads\.context\.{branch}\."
        if convolutions := _count(shapes, prefix + r"convolutions\.\d+\.weight"):
            settings[f"roi_stages.{branch}.convolutions"] = convolutions
    if classes := shapes.get("roi_heads.context.semantic.predictor.weight"):
        settings["roi_stages.semantic.num_categories"] = classes[0]
    return settings
