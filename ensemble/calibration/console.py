"""What a fit shows a person: detections, maps and calibration error by source and group."""

from rich.console import Console

from ensemble.calibration.file import Calibration
from ensemble.calibration.fitted_source import ALL, LETTERS, Counts
from ensemble.calibration.kinds import Overlap
from ensemble.calibration.maps import MIN_MATCHES, ScoreMap
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.metrics import KIND_NAMES, UNDEFINED
from longtail.printed_table import PrintedTable, number_columns, text_columns

NAMES = {ALL: "all", **GROUP_NAMES}
OVERLAPS: dict[Overlap, str] = {"segm": "masks", "box": "boxes"}
BORROWED = {"source": "as all", "all sources": "of all sources", "unchanged": "unchanged"}
# A tenth of them in a bin of D-ECE say nothing.
LEAST_OF_AN_ERROR = 20


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
        for letter in LETTERS:
            counts, error = source.counts[letter], source.error[letter]
            table.add(
                _source_text(calibration, name) if letter == ALL else "",
                NAMES[letter],
                _map_text(calibration, name, letter),
                f"{counts.true_positives:,}",
                f"{counts.false_positives:,}",
                _error_text(error.before, counts),
                _error_text(error.after, counts),
            )
    console.print(table)


def fall_backs(calibration: Calibration) -> list[str]:
    """A warning for each source with groups that go through another map for want of detections."""
    return [
        text
        for name, source in calibration.sources.items()
        if (text := _fall_back_text(calibration, name, source.counts[ALL]))
    ]


def _fall_back_text(calibration: Calibration, name: str, counts: Counts) -> str | None:
    needed, whose = calibration.min_matches, calibration.whose(name, ALL)
    if whose == "source":
        if calibration.groups == "none":
            return None
        letters = [x for x in FREQUENCY_GROUPS if calibration.whose(name, x) == "source"]
        groups = ", ".join(NAMES[letter] for letter in letters)
        few = f"categories have under {needed} right or wrong detections"
        return f"{name}: {groups} {few} and use the map of the whole source" if groups else None
    has = f"{counts.true_positives} right and {counts.false_positives} wrong detections"
    few = f"{name}: {has} are too few for a map of its own, which needs {needed} of each"
    spread = " in more than one fold of images" if counts.fewer >= needed else ""
    if whose == "all sources":
        return f"{few}{spread}; it uses one map of all sources together"
    return f"{few}{spread}; its scores stay as they are"


def _source_text(calibration: Calibration, name: str) -> str:
    """The name, and what decided where that is not what the title says."""
    overlap = calibration.overlap_of(name)
    return name if overlap == calibration.overlap else f"{name}, by {OVERLAPS[overlap]}"


def _map_text(calibration: Calibration, name: str, letter: str) -> str:
    whose, score_map = calibration.whose(name, letter), calibration.map_of(name, letter)
    is_own = whose == "group" or (whose == "source" and letter == ALL)
    text = "" if is_own else BORROWED[whose]
    if score_map is not None and (is_own or letter == ALL):
        text = ": ".join(filter(None, [text, _numbers(score_map)]))
    if letter != ALL and calibration.groups == "none":
        return text
    return text + _few_text(calibration, calibration.sources[name].counts[letter])


def _few_text(calibration: Calibration, counts: Counts) -> str:
    """A mark where a map of so few detections means little, whether or not one was fitted."""
    usual = max(calibration.min_matches, MIN_MATCHES[calibration.kind])
    if counts.fewer >= usual or not counts.total:
        return ""
    if counts.total < usual:
        return f" (n={counts.total}, too few)"
    which = "right" if counts.fewer == counts.true_positives else "wrong"
    return f" (too few {which})"


def _numbers(score_map: ScoreMap) -> str:
    fields = {name: getattr(score_map, name) for name in score_map.__struct_fields__}
    if "knots" in fields:
        return f"{len(fields['knots'])} knots"
    return ", ".join(f"{name} {value:.3g}" for name, value in fields.items())


def _error_text(error: float, counts: Counts) -> str:
    few = error == UNDEFINED or counts.total < LEAST_OF_AN_ERROR
    return "-" if few else f"{error:.4f}"
