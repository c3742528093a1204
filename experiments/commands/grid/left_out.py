"""Rows of a table that lack what they need: they are not run, and it is said what is missing."""

from collections.abc import Mapping, Sequence

from experiments.variants.other_files import WHERE_FROM
from longtail.cluster.nodes.detector_files import ORIGINS, files_of
from longtail.cluster.nodes.merge_row import RowMerge
from longtail.cluster.nodes.plan import DataFiles
from longtail.cluster.nodes.trained_node import TrainedNode
from longtail.commands import output_console
from longtail.config.roi_stages import semantic_branch_of
from longtail.config.variant import Variant
from longtail.data.joining.other_data import how_to_give, not_given

Variants = Mapping[str, Variant | TrainedNode]
NOT_RUN = "not run"


def without_missing(
    variants: Variants, bases: Mapping[str, Variant], data: DataFiles
) -> tuple[dict[str, Variant | TrainedNode], dict[str, str]]:
    """The rows that can run, and of the others what they need.

    A file that the command line named is not looked for here: that it is not there is an error.

    Args:
        variants: Rows of a table, as they are to be run.
        bases: The same as the table has them.
        data: The files that are there.

    Raises:
        ValueError: No row is left.
    """
    left_out = {}
    for name, variant in variants.items():
        missing = missing_inputs(name, variant, data) if isinstance(variant, Variant) else []
        if missing and {*missing} <= {*missing_inputs(name, bases[name], data)}:
            left_out[name] = "; and ".join(missing)
    if left_out and len(left_out) == len(variants):
        lines = (f"{name} needs {what}" for name, what in left_out.items())
        raise ValueError("no row of the table can run: " + "\n  ".join(lines))
    return {name: of for name, of in variants.items() if name not in left_out}, left_out


def missing_inputs(row: str, variant: Variant, data: DataFiles) -> list[str]:
    """What a row needs that is not there, and how to give it; empty where it can run.

    Args:
        row: Its name, for `--set`.
        variant: Its configuration.
        data: The files that are there.
    """
    missing = [
        f"detector.{field} {path}, which is not there: {ORIGINS[field]}; name it with"
        f" --set {row}:detector.{field}=FILE"
        for field, path in files_of(variant.detector).items()
        if not path.is_file()
    ]
    if semantic_branch_of(variant.detector.roi_stages) and data.semantic is None:
        missing.append(
            "PNGs of classes of the training images, for detector.roi_stages.semantic: name their"
            " folder with --semantic DIR"
        )
    given = [file.name for file in data.also]
    return missing + [
        f"the file {file} of stages.{number}.{field}: add {how_to_give(field, file, WHERE_FROM)}"
        for number, stage in enumerate(variant.stages)
        for field, file in not_given(stage, given)
    ]


def merges_without(
    merges: Sequence[RowMerge], left_out: Mapping[str, str]
) -> tuple[list[RowMerge], dict[str, str]]:
    """The merges whose members all run, and of the others what they need.

    Args:
        merges: Of the grid.
        left_out: Rows that are not run.
    """
    lacking = {
        merge.name: ", ".join(
            f"row {of.row}, which is not run" for of in merge.members if of.row in left_out
        )
        for merge in merges
        if any(of.row in left_out for of in merge.members)
    }
    return [merge for merge in merges if merge.name not in lacking], lacking


def print_left_out(left_out: Mapping[str, str]) -> None:
    """A line for each row that is not run."""
    for name, what in left_out.items():
        output_console().print(f"[yellow]{NOT_RUN}[/yellow] {name}", highlight=False)
        output_console().print(f"  needs {what}", highlight=False, markup=False, soft_wrap=True)
