"""A folder of PNGs of classes: checked against the images that it is for, and named by content."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from longtail.config.roi_stages import SemanticBranch
from longtail.data.lvis.annotations import Annotations
from longtail.data.pictures.faults import PictureFault
from longtail.data.pictures.files import image_name
from longtail.data.pictures.memory import memory_of
from longtail.data.pictures.reading import read_remembered
from longtail.data.semantic.classes import UNLABELLED, classes_remedy, fault_of_size
from longtail.data.semantic.facts import MapFacts, read_map_facts
from longtail.data.semantic.files import FIELD, find_maps
from longtail.problems import ProblemReport


@dataclass(frozen=True)
class SemanticMaps:
    """The PNGs of the images of an annotation file.

    Attributes:
        folder: Where they lie.
        digest: SHA-256 in hex over the images' ids and their files' contents.
        seen: Every value of a pixel, rising, and an image that has it.
    """

    folder: Path
    digest: str
    seen: tuple[tuple[int, str], ...] = ()

    def check(self, branch: SemanticBranch) -> None:
        """Hold the values of the pixels against the classes of a branch.

        Raises:
            ValueError: One is no class.
        """
        for value, image in reversed(self.seen):
            if value in (branch.unlabelled, UNLABELLED) or value < branch.num_categories:
                continue
            raise ValueError(
                f"detector.roi_stages.semantic.num_categories {branch.num_categories}: the PNG of"
                f" {image} under {self.folder} has class {value}; {classes_remedy(value)}"
            )


def open_maps(annotations: Annotations, folder: Path) -> SemanticMaps:
    """Read every PNG once; what was read is remembered, as for pictures.

    Args:
        annotations: The file that is learned from.
        folder: The folder of the PNGs of its images.

    Raises:
        ValueError: There is no such folder.
        BadInputError: A PNG is missing, unusable or of another size than its image.
    """
    if not folder.is_dir():
        raise ValueError(f"{FIELD} {folder}: no such folder; give that of the PNGs of classes")
    report = ProblemReport(str(annotations.path))
    found = find_maps(annotations, folder, report)
    memory = memory_of(str(annotations.path), folder, "semantic")
    of_files = read_remembered(list(found.values()), memory, MapFacts, read_map_facts)
    facts = dict(zip(found, of_files, strict=True))
    _report_faults(annotations, facts, report)
    report.raise_if_errors()
    seen: dict[int, str] = {}
    digest = hashlib.sha256()
    for i, fact in facts.items():
        digest.update(f"{annotations.image_ids[i]} {fact.sha256}\n".encode())
        for value in fact.classes:
            seen.setdefault(value, image_name(annotations, i))
    return SemanticMaps(folder.resolve(), digest.hexdigest(), tuple(sorted(seen.items())))


def _report_faults(
    annotations: Annotations, facts: dict[int, MapFacts], report: ProblemReport
) -> None:
    offenders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for i, fact in facts.items():
        fault = _fault(fact, (int(annotations.heights[i]), int(annotations.widths[i])))
        if fault is not None:
            detail = f" ({fault.detail})" if fault.detail else ""
            offenders[fault.what, fault.remedy].append(f"{image_name(annotations, i)}{detail}")
    for (what, remedy), named in offenders.items():
        report.error(FIELD, f"a PNG of classes: {what}", named, remedy)


def _fault(fact: MapFacts, stated: tuple[int, int]) -> PictureFault | None:
    return fact.fault or fault_of_size((fact.height, fact.width), stated)
