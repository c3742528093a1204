"""The files that a detector is built from: its weights, and what describes its backbone."""

from pathlib import Path

from longtail.config.detector import Detector, Detectron2, Timm
from longtail.config.variant import Variant
from longtail.files import sha256_of
from longtail.path_options import shared_path

ORIGINS = {
    "weights": "the model.pt of a training with this detector on the data that it is to begin with,"
    " for rows of the reports COCO in LVIS format; COCO models of detectron2 and torchvision fit in"
    " part",
    "backbone.weights": "a state dict of timm's model of that name",
    "backbone.config_file": "a config file of detectron2",
}
"""Of the files that a detector is built from: what they are."""


def files_of(detector: Detector) -> dict[str, Path]:
    """By field, those that it names."""
    backbone = detector.backbone
    files: dict[str, Path] = {}
    if isinstance(backbone, Timm) and backbone.weights is not None:
        files["backbone.weights"] = Path(backbone.weights)
    if isinstance(backbone, Detectron2) and Path(backbone.config_file).is_file():
        # Else it is one of detectron2's own, by name.
        files["backbone.config_file"] = Path(backbone.config_file)
    if detector.weights is not None:
        files["weights"] = Path(detector.weights)
    return files


def digests_of_files(detector: Detector) -> dict[str, str]:
    """Digests of the files, by role.

    Raises:
        ValueError: One is not there.
    """
    digests = {}
    for field, path in files_of(detector).items():
        if not shared_path(path).is_file():
            raise ValueError(
                f"detector.{field} {path}: no such file; give a local file of weights, or"
                " null to start without"
            )
        digests[field.replace(".", "_")] = sha256_of(path)
    return digests


def with_absolute_files(variant: Variant) -> Variant:
    """The variant as a worker takes it, in whose folder a relative path means another file.

    It is no other node: identities keep the paths as they were given.
    """
    files = {f"detector.{field}": path for field, path in files_of(variant.detector).items()}
    return variant.override({field: str(path.absolute()) for field, path in files.items()})
