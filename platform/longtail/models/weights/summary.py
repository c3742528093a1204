"""What a file of weights holds. K categories."""

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from longtail.commands import output_console
from longtail.files import write_json
from longtail.models.weights.detectron2_names import Origin, to_neutral
from longtail.models.weights.file import WeightsFile
from longtail.models.weights.settings_of_shapes import Shapes, settings_of, shape_of
from longtail.models.weights.taken import PREFIXES, part_of, some

DEPTHS: dict[tuple[int, ...], int] = {(3, 4, 6, 3): 50, (3, 4, 23, 3): 101, (3, 8, 36, 3): 152}
"""Layers of a bottleneck ResNet by the blocks of res2 to res5: He et al. 2016, Table 1."""
TAKERS: dict[Origin, str] = {
    "longtail": "the detector of the node that it comes from; its node.json has the settings",
    "longtail in detectron2": "the detector that it was exported from",
    "detectron2": (
        "engine=detectron2 with backbone.name=detectron2 and the config file of this network takes"
        " all of it; with any other backbone its pyramid, proposals and heads are taken"
    ),
    "detectron2 backbone": (
        "engine=detectron2 with backbone.name=detectron2 and a config file of this network"
    ),
    "torchvision": (
        "detector.weights with backbone.name=timm and the model of the same network, as resnet50;"
        " all that is not listed as unused is taken, the last layers where categories are as many"
    ),
    "mmdetection": "no detector; export it to detectron2's names, or start from another file",
    "timm or torchvision backbone": (
        "detector.backbone.weights, with the timm model that it is of as backbone.model"
    ),
    "other": "no detector: its names are none that are known here",
}


@dataclass(frozen=True)
class WeightsSummary:
    """The facts of one file.

    Attributes:
        file: Its path.
        sha256: Its digest in hex digits.
        origin: Who named its tensors.
        num_values: Numbers in all tensors together.
        parts: Tensors of each part of a detector.
        network: The bottom-up network, as far as its names tell.
        categories: K, as far as the shapes of the heads tell.
        settings: The detector's configuration that these shapes ask for.
        left_out: The file's tensors without a place in any detector, by the reason.
        taker: Which detector would take it.
    """

    file: str
    sha256: str
    origin: Origin
    num_values: int
    parts: Mapping[str, int]
    network: str
    categories: str
    settings: Mapping[str, int | bool | str | list[str]]
    left_out: Mapping[str, tuple[str, ...]]
    taker: str


def summarize(file: WeightsFile) -> WeightsSummary:
    """Collect the facts from names and shapes alone."""
    weights = to_neutral(file.tensors, detectron2_body=True)
    shapes = {name: tuple(value.shape) for name, value in weights.tensors.items()}
    counts = Counter(part_of(name) for name in shapes)
    return WeightsSummary(
        file=str(file.path),
        sha256=file.sha256,
        origin=weights.origin,
        num_values=_num_values(file.tensors),
        parts={
            part: counts[part]
            for part in (*dict.fromkeys(PREFIXES.values()), "other")
            if counts[part]
        },
        network=_network(shapes),
        categories=_categories(shapes, weights.origin),
        settings=settings_of(shapes),
        left_out={
            reason: tuple(name for name, why in weights.left_out.items() if why == reason)
            for reason in dict.fromkeys(weights.left_out.values())
        },
        taker=TAKERS[weights.origin],
    )


def show(summary: WeightsSummary) -> None:
    """Print the facts, one a line."""
    facts = {
        "origin": summary.origin,
        "SHA-256": summary.sha256,
        "numbers": f"{summary.num_values:,}",
        "tensors": ", ".join(f"{part} {count}" for part, count in summary.parts.items()),
        "network": summary.network,
        "categories": summary.categories,
        "settings": " ".join(f"{path}={json.dumps(v)}" for path, v in summary.settings.items()),
        "taken by": summary.taker,
    }
    console = output_console()
    console.print(summary.file, markup=False, highlight=False, soft_wrap=True)
    for name, fact in facts.items():
        if fact:
            console.print(f"  {name:<11} {fact}", markup=False, highlight=False, soft_wrap=True)
    for reason, names in summary.left_out.items():
        text = f"  not used    {len(names)} tensors {reason}: {some(names)}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def write_summary(summary: WeightsSummary, path: Path) -> None:
    """Write the facts, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, dataclasses.asdict(summary), indent=1, end="", allow_nan=True)


def _num_values(tensors: Mapping[str, Tensor]) -> int:
    return sum(value.numel() for value in tensors.values())


def _network(shapes: Shapes) -> str:
    """Depth, groups and deformable convolutions of a detectron2 ResNet."""
    prefix = r"backbone\.body\.res([2-5])\."
    blocks = {found[0] for name in shapes if (found := re.match(rf"{prefix}\d+", name))}
    if not blocks:
        return ""
    per_stage = Counter(block.split(".")[2] for block in blocks)
    counts = tuple(per_stage[stage] for stage in sorted(per_stage))
    first = "backbone.body.res2.0."
    is_bottleneck = f"{first}conv3.weight" in shapes
    depth = DEPTHS.get(counts) if is_bottleneck else None
    facts = [f"ResNet-{depth}" if depth else f"ResNet of {', '.join(map(str, counts))} blocks"]
    narrow, grouped = shapes.get(f"{first}conv1.weight"), shapes.get(f"{first}conv2.weight")
    if is_bottleneck and narrow and grouped and narrow[0] != grouped[1]:
        facts.append(f"{narrow[0] // grouped[1]} groups of {grouped[1]} channels")
    deformed = {
        found[1] for name in shapes if (found := re.match(rf"{prefix}\d+\.conv2_offset", name))
    }
    if deformed:
        facts.append(f"deformable in {', '.join(f'res{stage}' for stage in sorted(deformed))}")
    return ", ".join(facts)


def _categories(shapes: Shapes, origin: Origin) -> str:
    logits = shape_of(shapes, "roi_heads.classifier", "linear.weight", (0,))[0]
    if not logits:
        return ""
    if origin in ("detectron2", "torchvision"):
        return f"{logits - 1}, and background as the last of {logits} logits"
    return (
        f"{logits} logits: one a category with sigmoid scores, one more with softmax,"
        " several more with balanced groups or seesaw"
    )
