"""Annotation files and picture folders of the data sets that detectron2 knows by name."""

from difflib import get_close_matches
from pathlib import Path

from detectron2.data import DatasetCatalog, MetadataCatalog

from longtail.problems import BadInputError


def registered_files(name: str) -> tuple[Path, Path]:
    """The annotation file and the picture folder of a registered data set.

    They lie where detectron2 looks for them: below DETECTRON2_DATASETS, or below `datasets` of the
    working directory if that is not set. detectron2 reads the variable when it is imported.

    Args:
        name: Such as lvis_v1_train.

    Raises:
        ValueError: No data set of that name is registered.
        BadInputError: It has no annotation file, or the file or the folder is missing.
    """
    names = DatasetCatalog.list()
    if name not in names:
        lvis = [known for known in names if known.startswith("lvis")]
        near = get_close_matches(name, names, n=3) or lvis
        raise ValueError(
            f"{name!r}: no such file, and no data set that detectron2 knows by name;"
            f" near: {', '.join(near)}"
        )
    facts = MetadataCatalog.get(name)
    json_file, image_root = facts.get("json_file"), facts.get("image_root")
    if json_file is None or image_root is None:
        raise BadInputError(
            f"{name}: detectron2 knows no annotation file of it; give one in LVIS format"
        )
    for path in (Path(json_file), Path(image_root)):
        if not path.exists():
            raise BadInputError(
                f"{name}: no {path}; set DETECTRON2_DATASETS to the folder that detectron2's data"
                " sets lie in, or give the path of the file"
            )
    return Path(json_file), Path(image_root)
