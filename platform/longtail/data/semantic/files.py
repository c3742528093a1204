"""Which PNG of classes belongs to an image."""

from collections import defaultdict
from pathlib import Path

from longtail.data.lvis.annotations import Annotations, resolve_image
from longtail.data.pictures.files import image_name
from longtail.problems import BadInputError, ProblemReport

FIELD = "--semantic"
ENDING = ".png"
MISSING_REMEDY = (
    "complete the folder: one PNG for each image, called as its picture; or train without"
    " detector.roi_stages.semantic"
)
SHARED_REMEDY = "keep the folders of file_name below the folder of PNGs"


def map_path(annotations: Annotations, i: int, folder: Path) -> Path:
    """The PNG of image i below a folder, found as its picture is, with another ending.

    Raises:
        BadInputError: There is none.
    """
    names = [str(Path(name).with_suffix(ENDING)) for name in annotations.image_names(i)]
    try:
        return resolve_image(folder, *names)
    except BadInputError:
        named = image_name(annotations, i)
        raise BadInputError(
            f"{FIELD} {folder}: no PNG of classes for {named}; {MISSING_REMEDY}"
        ) from None


def find_maps(annotations: Annotations, folder: Path, report: ProblemReport) -> dict[int, Path]:
    """The PNG of each image; images without one, or with that of another, are errors."""
    found, missing = {}, []
    users: dict[Path, list[int]] = defaultdict(list)
    for i in range(len(annotations.image_ids)):
        try:
            found[i] = map_path(annotations, i, folder)
            users[found[i]].append(i)
        except BadInputError:
            missing.append(image_name(annotations, i))
    report.error(FIELD, f"no PNG of classes under {folder}", missing, MISSING_REMEDY)
    shared = [
        f"{file.name} for {', '.join(image_name(annotations, i) for i in of_file)}"
        for file, of_file in users.items()
        if len(of_file) > 1
    ]
    report.error(FIELD, "several images with one PNG", shared, SHARED_REMEDY)
    return found
