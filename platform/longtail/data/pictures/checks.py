"""Whether the pictures of an annotation file can be used, before anything is trained on them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from longtail.data.pictures.faults import PictureFault
from longtail.data.pictures.files import ListedImages, find_files, image_name
from longtail.data.pictures.header import PictureFacts
from longtail.data.pictures.memory import memory_of
from longtail.data.pictures.orientation import UPRIGHT
from longtail.data.pictures.reading import read_all
from longtail.data.pictures.sizes import Size, find_fault_of_size
from longtail.problems import ProblemReport

PICTURES = "pictures"
TURNED = "turned by an EXIF orientation, as viewers and annotation tools show them"
TURNED_REMEDY = "see that the annotations are drawn on the turned picture"
CONVERTED_REMEDY = "nothing to do, unless colours matter: then save RGB of 8 bits a channel"


def check_pictures(images: ListedImages, root: Path, report: ProblemReport) -> dict[str, int]:
    """Find the picture of every image and read its header.

    Args:
        images: The images of an annotation file.
        root: The folder of the pictures.
        report: Receives the faults.

    Returns:
        How many pictures have each of Pillow's colour modes, most frequent first.
    """
    files = find_files(images, root, report)
    found = {i: file for i, file in enumerate(files) if file is not None}
    memory = memory_of(report.file, root)
    facts = dict(zip(found, read_all(list(found.values()), memory), strict=True))
    _report_faults(images, facts, report)
    _report_changes(images, facts, report)
    modes = Counter(fact.mode for fact in facts.values() if fact.mode)
    return dict(modes.most_common())


def _report_faults(
    images: ListedImages, facts: dict[int, PictureFacts], report: ProblemReport
) -> None:
    offenders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for i, fact in facts.items():
        for fault in _faults(fact, _stated(images, i)):
            detail = f" ({fault.detail})" if fault.detail else ""
            offenders[fault.what, fault.remedy].append(f"{image_name(images, i)}{detail}")
    for (what, remedy), named in offenders.items():
        report.error(PICTURES, what, named, remedy)


def _stated(images: ListedImages, i: int) -> Size:
    return int(images.heights[i]), int(images.widths[i])


def _faults(fact: PictureFacts, stated: Size) -> Iterable[PictureFault]:
    if fact.fault is not None:
        yield fact.fault
    shown = fact.height, fact.width
    if fact.mode and (fault := find_fault_of_size(shown, fact.orientation, stated)):
        yield fault


def _report_changes(
    images: ListedImages, facts: dict[int, PictureFacts], report: ProblemReport
) -> None:
    """Warn of what the loader does with pictures that it takes."""
    sound = {i: fact for i, fact in facts.items() if not any(_faults(fact, _stated(images, i)))}
    turned = [
        f"{image_name(images, i)} ({fact.orientation})"
        for i, fact in sound.items()
        if fact.orientation != UPRIGHT
    ]
    report.warning(PICTURES, TURNED, turned, TURNED_REMEDY)
    converted: dict[str, list[str]] = defaultdict(list)
    for i, fact in sound.items():
        if fact.conversion is not None:
            converted[fact.conversion].append(image_name(images, i))
    for what, named in converted.items():
        report.warning(PICTURES, what, named, CONVERTED_REMEDY)
