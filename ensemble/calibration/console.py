"""What a fit shows a person: detections, maps and calibration error by source and group."""

from rich.console import Console

from ensemble.calibration.file import ALL, Calibration, SourceCalibration
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.metrics import KIND_NAMES, UNDEFINED
from longtail.printed_table import PrintedTable, number_columns, text_columns

NAMES = {ALL: "all", **GROUP_NAMES}


def print_calibration(calibration: Calibration, console: Console) -> None:
    """A row per source and group."""
    title = (
        f"{calibration.kind} calibration; right is {KIND_NAMES[calibration.overlap]} IoU >= "
        f"{calibration.iou_threshold:g}; D-ECE after: maps fitted to the other of "
        f"{calibration.folds} folds of images"
    )
    fitted = text_columns("source", "categories", "map")
    columns = [*fitted, *number_columns("right", "wrong", "D-ECE before", "after")]
    table = PrintedTable(title, columns, num_keys=2)
    for name, source in calibration.sources.items():
        for letter in (ALL, *FREQUENCY_GROUPS):
            counts, error = source.counts[letter], source.error[letter]
            table.add(
                name if letter == ALL else "",
                NAMES[letter],
                _map_text(source, letter),
                f"{counts.true_positives:,}",
                f"{counts.false_positives:,}",
                _error_text(error.before),
                _error_text(error.after),
            )
    console.print(table)


def missing_maps(calibration: Calibration) -> list[str]:
    """A warning for each source with groups that use the source's map for want of detections."""
    if calibration.groups == "none":
        return []
    return [
        f"{name}: {', '.join(NAMES[letter] for letter in without)} categories have under "
        f"{calibration.min_matches} right or wrong detections and use the map of the whole source"
        for name, source in calibration.sources.items()
        if (without := [letter for letter in FREQUENCY_GROUPS if letter not in source.maps])
    ]


def _map_text(source: SourceCalibration, letter: str) -> str:
    if letter not in source.maps:
        return "as all"
    values = source.maps[letter]
    fields = {name: getattr(values, name) for name in values.__struct_fields__}
    if "knots" in fields:
        return f"{len(fields['knots'])} knots"
    return ", ".join(f"{name} {value:.3g}" for name, value in fields.items())


def _error_text(error: float) -> str:
    return "-" if error == UNDEFINED else f"{error:.4f}"
