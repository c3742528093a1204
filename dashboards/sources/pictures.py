"""Where the annotations and pictures of a source lie, if it is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    sources: Sequence[Found],
    annotations: Path | None = None,
    images: Path | None = None,
    exhaustive: bool = False,
) -> PictureSource | None:
    """What sources say of their data; what is given goes before it.

    Args:
        sources: The first one that knows both files is taken.
        annotations: Given by a user.
        images: Given by a user.
        exhaustive: Given by a user.

    Returns:
        None where annotations or pictures are not known, or no longer there.
    """
    data = [_data(found) for found in sources] or [{}]
    for of in data:
        file, folder = annotations or of.get("val"), images or of.get("images")
        if file is None or folder is None:
            continue
        if Path(file).is_file() and Path(folder).is_dir():
            return PictureSource(Path(file), Path(folder), exhaustive or bool(of.get("exhaustive")))
    return None


def lacking_pictures(
    sources: Sequence[Found], annotations: Path | None = None, images: Path | None = None
) -> str:
    """Why `picture_source` knows no pictures, and what to give; without a full stop."""
    data = [_data(found) for found in sources]
    files = [annotations or of.get("val") for of in data] or [annotations]
    folders = [images or of.get("images") for of in data] or [images]
    wanted = (
        ("the annotations", "--ann FILE", files, Path.is_file),
        ("the pictures", "--images FOLDER", folders, Path.is_dir),
    )
    told, options = [], []
    for what, option, paths, is_there in wanted:
        named = [Path(path) for path in paths if path is not None]
        if any(map(is_there, named)):
            continue
        gone = f"{what} are no longer at {named[0]}" if named else ""
        told.append(gone or f"where {what} lie is not known")
        options.append(option)
    if not told:
        # Each is known of one source, and of no source both.
        return "no source has both annotations and pictures; give --ann FILE and --images FOLDER"
    return f"{', and '.join(told)}; give {' and '.join(options)}"


def _data(found: Found) -> dict[str, Any]:
    """`val`, `images` and `exhaustive`, as far as they are known."""
    listed = [row.annotations for row in found.rows if row.annotations is not None]
    data = dict(found.tree.get("data") or {})
    return {"val": next(iter(listed), None), **data}
