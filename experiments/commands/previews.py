"""Contact sheets of what the stages of variants learn from."""

from collections.abc import Mapping
from pathlib import Path

import click

from longtail.cluster.nodes.plan import DataFiles
from longtail.config.roi_stages import semantic_branch_of
from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.data.joining.other_data import open_other_data
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.semantic.classes import ClassMaps
from longtail.path_options import short_path
from longtail.randomness import data_seed

SAMPLES, COLUMNS = 12, 4


def write_preview(
    variant: Variant,
    number: int,
    data: DataFiles,
    title: str,
    path: Path,
    num_samples: int = SAMPLES,
    columns: int = COLUMNS,
) -> None:
    """Write the first samples of a variant's stage, in the order of its training.

    Args:
        variant: With the seed to draw by.
        number: Index of the stage.
        data: The files.
        title: A line over all of them.
        path: A PNG or JPEG file.
        num_samples: How many.
        columns: In a row.

    Raises:
        ValueError: The variant has no such stage, no image is left, or the file is of another
            format.
        BadInputError: A file cannot be used.
    """
    if number >= len(variant.stages):
        last = len(variant.stages) - 1
        raise ValueError(f"--stage {number}: {title} has the stages 0 to {last}; give one of them")
    from longtail.data.preview.samples import first_samples
    from longtail.data.preview.sheet import format_of, write_sheet

    format_of(path)

    annotations = open_annotations(data.train, exhaustive=data.exhaustive)
    samples = first_samples(
        annotations,
        data.images,
        variant.stages[number],
        variant.data,
        data_seed(variant.seed, number),
        num_samples,
        maps=_maps(variant, data),
        other=open_other_data(
            annotations,
            variant.stages[number].replace(pseudo_labels=()),
            data.also,
            variant.data.use_images_without_annotations,
        ),
    )
    words = f"{title}, stage {number}, seed {variant.seed}: {_summary(variant.stages[number])}"
    write_sheet(samples, _names(annotations), words, columns, path)


def preview_rows(rows: Mapping[str, Variant], data: DataFiles, folder: Path) -> None:
    """Write a sheet for each stage of each row into a folder, and say where they are; stages that
    see the same samples have one."""
    folder.mkdir(parents=True, exist_ok=True)
    seen: dict[tuple[str, int], Path] = {}
    for name, variant in rows.items():
        for number, stage in enumerate(variant.stages):
            others = stage.joined, stage.ignore
            learned = stage.sampler, stage.augmentations, others, variant.data, variant.seed
            path = folder / f"{name.replace(' ', '_')}-stage{number}.png"
            known = seen.setdefault((repr(learned), number), path)
            if known is path:
                write_preview(variant, number, data, name, path)
            click.echo(f"preview of {name} stage {number}: {short_path(known)}")


def _maps(variant: Variant, data: DataFiles) -> ClassMaps | None:
    branch = semantic_branch_of(variant.detector.roi_stages)
    if branch is None or data.semantic is None:
        return None
    return ClassMaps(data.semantic.folder, branch.num_categories, branch.unlabelled)


def _names(annotations: Annotations) -> list[str]:
    return list(annotations.categories.names)


def _summary(stage: Stage) -> str:
    transforms = ", ".join(item.name for item in stage.augmentations) or "nothing"
    without = "; without pseudo-labels, which training makes" if stage.pseudo_labels else ""
    return f"{stage.sampler.name} sampler; {transforms}{without}"
