"""The data files a grid is asked for: paths, or names of data sets that detectron2 knows."""

from collections.abc import Sequence
from pathlib import Path

from longtail.cluster.nodes.plan import DataFiles
from longtail.data.joining.also_file import AlsoFile
from longtail.data.lvis.annotations import open_annotations
from longtail.data.pairing import check_pair, check_predicted
from longtail.data.semantic.maps import open_maps
from longtail.engines.optional import needs_detectron2
from longtail.path_options import names_data_set


def find_data_files(
    train: Path,
    val: Path,
    images: Path | None,
    *,
    exhaustive: bool = False,
    semantic: Path | None = None,
    also: Sequence[AlsoFile] = (),
) -> DataFiles:
    """Open both annotation files and check that they and the pictures belong together.

    Args:
        train: A path, or a registered name such as lvis_v1_train.
        val: The same.
        images: Folder of the pictures of both; None takes the folder of the registered data sets.
        exhaustive: Every category is labelled in every image of both.
        semantic: Folder of the PNGs of classes of the training images, for a semantic branch.
        also: Other files to learn from.

    Raises:
        ValueError: There is no such file, name or folder, or it is not known which folder holds
            the pictures.
        BadInputError: A file cannot be used.
    """
    train_file, train_images = _find("--train", train)
    val_file, val_images = _find("--val", val)
    folder = images or _one_folder(train_images, val_images)
    opened = (
        open_annotations(train_file, exhaustive=exhaustive),
        open_annotations(val_file, exhaustive=exhaustive),
    )
    check_pair(*opened, folder)
    return DataFiles(
        train=train_file.resolve(),
        val=val_file.resolve(),
        images=folder.resolve(),
        train_digest=opened[0].digest,
        val_digest=opened[1].digest,
        exhaustive=exhaustive,
        semantic=None if semantic is None else open_maps(opened[0], semantic),
        also=tuple(file.opened() for file in also),
    )


def find_predicted_files(val: Path, images: Path | None, *, exhaustive: bool = False) -> DataFiles:
    """The annotation file that finished trainings predict, and its pictures.

    Args:
        val: A path, or a registered name such as lvis_v1_val.
        images: Folder of its pictures; None takes that of the registered data set.
        exhaustive: Every category is labelled in every image.

    Raises:
        ValueError: There is no such file or name, or it is not known which folder holds the
            pictures.
        BadInputError: It, or a picture, cannot be used.
    """
    file, folder = _find("--val", val)
    pictures = images or folder
    if pictures is None:
        raise ValueError(f"--images: name the folder of the pictures of --val {val}")
    opened = open_annotations(file, exhaustive=exhaustive)
    check_predicted(opened, pictures)
    return DataFiles(
        train=file.resolve(),
        val=file.resolve(),
        images=pictures.resolve(),
        train_digest=opened.digest,
        val_digest=opened.digest,
        exhaustive=exhaustive,
    )


def find_val_file(val: Path, *, exhaustive: bool = False) -> DataFiles:
    """The annotation file that finished results are evaluated on, where nothing is trained.

    Args:
        val: A path, or a registered name such as lvis_v1_val.
        exhaustive: Every category is labelled in every image.

    Raises:
        ValueError: There is no such file and no such name.
        BadInputError: It cannot be used.
    """
    file, folder = _find("--val", val)
    opened = open_annotations(file, exhaustive=exhaustive)
    return DataFiles(
        train=file.resolve(),
        val=file.resolve(),
        images=(folder or file.parent).resolve(),
        train_digest=opened.digest,
        val_digest=opened.digest,
        exhaustive=exhaustive,
    )


def _find(option: str, given: Path) -> tuple[Path, Path | None]:
    """The annotation file, and its picture folder if it was given by name."""
    if not names_data_set(given):
        return given, None
    name = str(given)
    with needs_detectron2(
        f"{option} {name}: no such file, and data sets by name need detectron2",
        "give the path of the annotation file",
    ):
        from longtail.engines.detectron2.datasets import registered_files
    return registered_files(name)


def _one_folder(*of_names: Path | None) -> Path:
    folders = {folder.resolve() for folder in of_names if folder is not None}
    if len(folders) == 1:
        return folders.pop()
    if not folders:
        raise ValueError("--train, --val and --images belong together; give all three")
    raise ValueError(
        f"--train and --val have their pictures in {', '.join(sorted(map(str, folders)))};"
        " give one folder that holds both with --images"
    )
