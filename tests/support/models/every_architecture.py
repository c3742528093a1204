"""Backbones, necks and norms that a detector may be made of, at toy size.

Keys are what is special; the values are fields of `Detector`. Both engines are tested with all.
"""

from typing import Any

from longtail.config.detector import FeaturePyramid, MaskHead, Timm

STAGES = ("c3", "c4", "c5")
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "deformable, frozen norms, checkpointed": {
        "backbone": Timm(
            model="test_resnet", norm="frozen", deformable=STAGES, gradient_checkpointing=True
        )
    },
    "norms over workers everywhere, channels last": {
        "backbone": Timm(model="test_resnet", norm="sync"),
        "neck": FeaturePyramid(norm="sync"),
        "mask_head": MaskHead(channels=16, convolutions=2, norm="sync"),
        "channels_last": True,
    },
    "batch norms in neck and masks": {
        "backbone": Timm(model="test_resnet"),
        "neck": FeaturePyramid(norm="batch"),
        "mask_head": MaskHead(channels=16, convolutions=1, norm="batch"),
    },
    "deformable ResNeSt": {
        "backbone": Timm(model="resnest14d", norm="frozen", deformable=STAGES),
    },
    "deformable grouped SE-ResNeXt, channels last": {
        "backbone": Timm(model="legacy_seresnext26_32x4d", norm="frozen", deformable=("c5",)),
        "channels_last": True,
    },
    "ConvNeXt, checkpointed, channels last": {
        "backbone": Timm(model="test_convnext", gradient_checkpointing=True),
        "channels_last": True,
    },
    "Swin, checkpointed": {
        "backbone": Timm(model="swin_tiny_patch4_window7_224", gradient_checkpointing=True)
    },
}
