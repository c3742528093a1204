"""Our detectors as contenders."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from torch import nn

from benchmarks.training.contender import Contender, NoHeads, with_moved_boxes
from benchmarks.training.settings import IMAGES, TRAIN, Setting
from longtail.config.augmentations import Resize
from longtail.config.classifiers import Softmax
from longtail.config.roi_stages import RoIStages
from longtail.config.stages import Schedule, Stage
from longtail.config.variant import Data, Inference
from longtail.data.loading.batches import training_batches
from longtail.data.loading.sample import Sample
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.engines.torchvision import TorchvisionEngine, build_torchvision_engine
from longtail.models.category_statistics import CategoryStatistics


def build(setting: Setting, folder: Path, roi_stages: RoIStages, heads: bool) -> Contender:
    """A detector of the setting's sizes with these stages."""
    annotations = open_annotations(folder / TRAIN)
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    detector = setting.detector.replace(roi_stages=roi_stages)
    engine = build_torchvision_engine(detector, Softmax(), Inference(), statistics)
    mask_heads = engine.roi_heads.mask_head
    first = mask_heads[0] if isinstance(mask_heads, nn.ModuleList) else mask_heads
    convolutions = cast(nn.ModuleList, first.convolutions)[0]
    if not heads:
        engine.roi_heads = NoHeads()  # type: ignore[assignment]
    _move_proposals(engine, setting.jittered)
    engine.train()
    return Contender(
        model=engine,
        parts={
            "backbone": engine.backbone,
            "neck": engine.get_submodule("neck"),
            "proposals": engine.rpn,
            "heads": engine.get_submodule("roi_heads"),
        },
        mask_convolutions=convolutions,
        batches=_batches(annotations, setting, folder),
        losses=engine,
        clips=True,
    )


def _batches(annotations: Annotations, setting: Setting, folder: Path) -> Iterator[list[Sample]]:
    stage = Stage(
        augmentations=(Resize(short_sides=(setting.short_side,)),),
        schedule=Schedule(images_per_step=setting.images_per_step),
    )
    batches = training_batches(
        annotations=annotations, images_root=folder / IMAGES, stage=stage, data=Data(), seed=0
    )
    return (batch.samples for batch in batches)


def _move_proposals(engine: TorchvisionEngine, count: int) -> None:
    def moved(_: nn.Module, given: tuple[Any, ...], found: tuple[Any, Any]) -> tuple[Any, Any]:
        images, _, targets = given
        proposals = [
            with_moved_boxes(boxes, target["boxes"], size, count)
            for boxes, target, size in zip(found[0], targets, images.image_sizes, strict=True)
        ]
        return proposals, found[1]

    engine.rpn.register_forward_hook(moved)
