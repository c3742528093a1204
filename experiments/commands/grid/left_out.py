"""Rows of a table that lack what they need: they are not run, and it is said what is missing."""

from collections.abc import Mapping, Sequence

from experiments.variants.other_files import WHERE_FROM
from longtail.cluster.nodes.merge_row import RowMerge
from longtail.cluster.nodes.plan import DataFiles, missing_inputs
from longtail.cluster.nodes.trained_node import TrainedNode
from longtail.commands import output_console
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
        missing = _missing(name, variant, data) if isinstance(variant, Variant) else []
        if missing and {*missing} <= {*_missing(name, bases[name], data)}:
            left_out[name] = "; and ".join(missing)
    if left_out and len(left_out) == len(variants):
        lines = (f"{name} needs {what}" for name, what in left_out.items())
        raise ValueError("no row of the table can run: " + "\n  ".join(lines))
    return {name: of for name, of in variants.items() if name not in left_out}, left_out


def _missing(name: str, variant: Variant, data: DataFiles) -> list[str]:
    given = [file.name for file in data.also]
    return missing_inputs(name, variant, data) + [
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
