"""Where the annotations and pictures of a source lie, if it is known."""

from dataclasses import dataclass
from pathlib import Path

from dashboards.sources.found import Found


@dataclass(frozen=True)
class PictureSource:
    """Attributes:
    annotations: An LVIS annotation file, of the images that rows were evaluated on.
    images: The folder of their pictures.
    exhaustive: Every category is labelled in every image.
    """

    annotations: Path
    images: Path
    exhaustive: bool = False


def picture_source(
    found: Found,
    annotations: Path | None = None,
    images: Path | None = None,
    exhaustive: bool = False,
) -> PictureSource | None:
    """What a source says of its data; what is given goes before it.

    Args:
        found: The source.
        annotations: Given by a user.
        images: Given by a user.
        exhaustive: Given by a user.

    Returns:
        None where annotations or pictures are not known, or no longer there.
    """
    data = found.tree.get("data") or {}
    listed = [row.annotations for row in found.rows if row.annotations is not None]
    file = annotations or (Path(data["val"]) if data.get("val") else next(iter(listed), None))
    folder = images or (Path(data["images"]) if data.get("images") else None)
    if file is None or folder is None or not file.is_file() or not folder.is_dir():
        return None
    return PictureSource(file, folder, exhaustive or bool(data.get("exhaustive")))
