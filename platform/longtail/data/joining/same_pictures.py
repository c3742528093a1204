"""Pictures of another file that a grid shows already, or evaluates."""

from pathlib import Path

from longtail.data.lvis.annotations import Annotations


def shared_pictures(
    file: Annotations, root: Path, other: Annotations, other_root: Path
) -> list[str]:
    """The names of a file's pictures that are those of another file, in its order.

    Copies of a picture in two folders are not told.

    Args:
        file: The one.
        root: Folder of its pictures.
        other: The other.
        other_root: Folder of the other's pictures.
    """
    if root.resolve() != other_root.resolve():
        return []
    known = {other.file_name(i) for i in range(other.num_images)}
    return [name for i in range(file.num_images) if (name := file.file_name(i)) in known]
