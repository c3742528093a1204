"""From the names of a checkpoint's tensors to the neutral names of our state dicts; those of
torchvision are in `torchvision_names`.

Everything but names is alike in detectron2's standard Mask R-CNN and ours: flattening of pooled
features (channel, row, column), background as last logit, four deltas of a category side by side
with the weights (10, 10, 5, 5), order of anchors in a cell, layout of the mask filters.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from longtail.models.weights import torchvision_names

Origin = Literal[
    "longtail",
    "longtail in detectron2",
    "torchvision",
    "detectron2",
    "detectron2 backbone",
    "mmdetection",
    "timm or torchvision backbone",
    "other",
]
"""Who named the tensors: a node's model.pt, our detector exported to detectron2, a detector of
torchvision or detectron2, only a bottom-up network of the latter (or Caffe2's, from which its names
stem), a detector of mmdetection, an image classifier of timm or torchvision, anybody else."""

OTHER_NETWORK = (
    "of detectron2's own bottom-up network, which only backbone.name=detectron2 takes: it may"
    " stride elsewhere and expect other colours and pixel scales than timm's"
)
OTHER_LAYERS = "of a module with layers that ours lacks"
NO_COUNTERPART = "without a counterpart in a detector of ours"
OF_CLASSIFIER = "of a backbone alone, which detector.backbone.weights takes"
OF_MMDETECTION = (
    "of mmdetection, of which nothing is taken: its names do not tell which colours, pixel scales"
    " and strides its network expects"
)
_NOT_TAKEN: dict[Origin, str] = {
    "timm or torchvision backbone": OF_CLASSIFIER,
    "mmdetection": OF_MMDETECTION,
}

_LAYERS = {
    "proposal_generator.rpn_head.conv": "rpn.head.conv",
    "proposal_generator.rpn_head.objectness_logits": "rpn.head.objectness_logits",
    "proposal_generator.rpn_head.anchor_deltas": "rpn.head.anchor_deltas",
    "roi_heads.box_head.fc1": "roi_heads.box_head.fc1",
    "roi_heads.box_head.fc2": "roi_heads.box_head.fc2",
    "roi_heads.box_predictor.cls_score": "roi_heads.classifier.linear",
    "roi_heads.box_predictor.bbox_pred": "roi_heads.box_regressor.linear",
    "roi_heads.mask_head.deconv": "roi_heads.mask_head.deconvolution",
    "roi_heads.mask_head.predictor": "roi_heads.mask_head.predictor",
}
_NUMBERED_LAYERS = (
    (r"backbone\.fpn_lateral([2-5])", "neck.pyramid.inner_blocks.{}.0", 2),
    (r"backbone\.fpn_output([2-5])", "neck.pyramid.layer_blocks.{}.0", 2),
    (r"roi_heads\.mask_head\.mask_fcn(\d+)", "roi_heads.mask_head.convolutions.{}", 1),
)
"""Their name, ours, and the number of their first layer; ours count from 0."""
_STAGE_LAYER = re.compile(r"roi_heads\.(box_head|box_predictor)\.(\d+)\.(\w+)")
"""Of a stage of detectron2's cascade: without the number, it is a layer of a plain detector's."""
_WHOLE_MODULES = (
    "backbone.fpn_",
    "proposal_generator.rpn_head.",
    "roi_heads.box_head.",
    "roi_heads.mask_head.",
)
"""A further layer or norm changes what the others compute: all of such a module fit, or none."""
_EXPORTED = {
    "backbone.bottom_up.": "backbone.",
    "backbone.neck.": "neck.",
    "proposal_generator.rpn_head.": "rpn.head.",
    "roi_heads.heads.": "roi_heads.",
}
_CAFFE2 = re.compile(
    r"(?:res(?P<stage>\d)_(?P<block>\d+)_branch(?P<branch>1|2a|2b|2c)|(?:res_)?conv1)"
    r"(?P<norm>_[bg]n)?_(?P<kind>[wbs]|rm|riv)"
)
_CAFFE2_BRANCHES = {"1": "shortcut", "2a": "conv1", "2b": "conv2", "2c": "conv3"}
_CAFFE2_KINDS = {
    "w": "weight",
    "s": "weight",
    "b": "bias",
    "rm": "running_mean",
    "riv": "running_var",
}
_TELLING_NAMES: dict[Origin, str] = {
    "longtail in detectron2": r"roi_heads\.heads\.|backbone\.neck\.",
    "torchvision": torchvision_names.TELLING,
    "mmdetection": r"(?:neck\.(?:lateral|fpn)_convs|rpn_head|roi_head|bbox_head|mask_head)\.",
    "longtail": r"neck\.pyramid\.|rpn\.head\.|roi_heads\.classifier\.",
    "detectron2": r"backbone\.(bottom_up|fpn_)|proposal_generator\.|roi_heads\.box_predictor\.",
    "detectron2 backbone": rf"res[2-5]\.\d+\.|(?:{_CAFFE2.pattern})$",
    "timm or torchvision backbone": r"(?:layer[1-4]|layers|stages|blocks|features)[._]\d+\.",
}
"""The first that any name begins with decides."""


@dataclass(frozen=True)
class NeutralWeights:
    """A checkpoint under our names.

    Attributes:
        origin: Who named the tensors.
        tensors: By neutral name.
        sources: The checkpoint's own name of each.
        left_out: Why the others have no neutral name, by the checkpoint's name.
        notes: What was changed beside the names.
    """

    origin: Origin
    tensors: Mapping[str, Tensor]
    sources: Mapping[str, str]
    left_out: Mapping[str, str]
    notes: tuple[str, ...] = ()


def to_neutral(weights: Mapping[str, Tensor], detectron2_body: bool) -> NeutralWeights:
    """Rename the tensors of a checkpoint.

    Args:
        weights: By the checkpoint's names.
        detectron2_body: Whether the detector that will take them has detectron2's bottom-up
            network; else the checkpoint's is left out.
    """
    origin = origin_of(weights)
    theirs = origin in ("detectron2", "detectron2 backbone")
    foreign = _foreign_modules(weights, origin)
    sources: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name in weights:
        ours = neutral_name(name, origin)
        if ours is None:
            left_out[name] = _NOT_TAKEN.get(origin, NO_COUNTERPART)
        elif name.startswith(foreign):
            left_out[name] = OTHER_LAYERS
        elif ours.startswith("backbone.") and theirs and not detectron2_body:
            left_out[name] = OTHER_NETWORK
        else:
            sources[ours] = name
    tensors = {ours: weights[name] for ours, name in sources.items()}
    if origin != "torchvision":
        return NeutralWeights(origin, tensors, sources, left_out)
    turned = {ours: torchvision_names.as_ours(ours, value) for ours, value in tensors.items()}
    return NeutralWeights(origin, turned, sources, left_out, (torchvision_names.NOTE,))


def origin_of(names: Iterable[str]) -> Origin:
    """Tell by their names where tensors come from."""
    known = tuple(names)
    for origin, telling in _TELLING_NAMES.items():
        if any(re.match(telling, name) for name in known):
            return origin
    return "other"


def neutral_name(name: str, origin: Origin) -> str | None:
    """Our name of a checkpoint's tensor; None without a counterpart."""
    match origin:
        case "longtail":
            return name
        case "longtail in detectron2":
            return next(
                (ours + name[len(p) :] for p, ours in _EXPORTED.items() if name.startswith(p)), None
            )
        case "detectron2":
            return _of_detector(name)
        case "detectron2 backbone":
            return _of_bottom_up(name)
        case "torchvision":
            return torchvision_names.neutral_name(name)
        case "mmdetection" | "timm or torchvision backbone" | "other":
            return None


def _of_detector(name: str) -> str | None:
    bottom_up = "backbone.bottom_up."
    if name.startswith(bottom_up):
        return f"backbone.body.{name.removeprefix(bottom_up)}"
    layer, _, kind = name.rpartition(".")
    if kind not in ("weight", "bias"):
        return None
    if found := _STAGE_LAYER.fullmatch(layer):
        plain = _LAYERS.get(f"roi_heads.{found[1]}.{found[3]}")
        if plain is None:
            return None
        module, _, own_layer = plain.rpartition(".")
        return f"{module}.{found[2]}.{own_layer}.{kind}"
    for pattern, ours, first in _NUMBERED_LAYERS:
        if found := re.fullmatch(pattern, layer):
            return f"{ours.format(int(found[1]) - first)}.{kind}"
    return f"{_LAYERS[layer]}.{kind}" if layer in _LAYERS else None


def _of_bottom_up(name: str) -> str | None:
    own = _of_caffe2(name) or name
    return f"backbone.body.{own}" if re.match(r"(stem|res[2-5])\.(?!fc\.)", own) else None


def _of_caffe2(name: str) -> str | None:
    """detectron2's name of a ResNet layer that Caffe2 named: res2_0_branch2a_bn_s is the scale of
    the norm after the first convolution of block 0 of res2."""
    found = _CAFFE2.fullmatch(name)
    if found is None:
        return None
    block = f"res{found['stage']}.{found['block']}" if found["stage"] else "stem"
    layer = _CAFFE2_BRANCHES[found["branch"]] if found["branch"] else "conv1"
    norm = ".norm" if found["norm"] else ""
    return f"{block}.{layer}{norm}.{_CAFFE2_KINDS[found['kind']]}"


def _foreign_modules(names: Iterable[str], origin: Origin) -> tuple[str, ...]:
    if origin == "torchvision":
        return torchvision_names.foreign_modules(names)
    if origin != "detectron2":
        return ()
    unknown = [name for name in names if _of_detector(name) is None]
    return tuple(
        module for module in _WHOLE_MODULES if any(name.startswith(module) for name in unknown)
    )
