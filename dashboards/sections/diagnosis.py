"""Why AP is what it is: scores, confusion, errors and what they cost, and what was taught."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence

from dashboards.figures.diagnosis.ap_lost import ap_lost
from dashboards.figures.diagnosis.confusion import confusion
from dashboards.figures.diagnosis.error_types import error_types
from dashboards.figures.diagnosis.reliability import reliability
from dashboards.figures.diagnosis.score_distribution import score_distribution
from dashboards.figures.taught import taught
from dashboards.section import Block, Note, Section
from dashboards.sections.calibrated import calibrated
from dashboards.sources.calibrations import calibration_of_merge
from dashboards.sources.found import Report, Row, Training
from dashboards.tables import Column, Table
from longtail.problems import BadInputError
from longtail.training.telemetry_files import FOLDER, TrainingTelemetry, read_telemetry

COMMAND = "python -m longtail.evaluation.diagnose ANN PRED --json FOLDER/diagnosis.json"
MOST_PANELS, FEWER_PANELS, MANY_CATEGORIES = 4, 2, 300
MOST_ROWS = 4
"""Rows of the table of confused pairs."""
NUM_PAIRS = 20
"""So many pairs a diagnosis keeps at most."""
NAMED = 5
"""So many rows without a diagnosis are named."""


def diagnosis(report: Report) -> Section | None:
    """Pictures of every diagnosed row, and of trainings that counted what they taught."""
    blocks = (*_of_rows(report), *_of_merges(report), *_of_trainings(report))
    if not blocks:
        return None
    return Section(
        "diagnosis",
        "Diagnosis",
        "Why AP is what it is. Scores, confusion and errors are those of the row that is chosen"
        " above, over judged detections.",
        blocks,
    )


def _of_rows(report: Report) -> Iterator[Block]:
    rows = report.rows
    lacking = [row.name for row in rows if not row.diagnosis]
    if lacking:
        yield Note(_lacking(lacking), "missing")
    if len(lacking) < len(rows):
        shown = report.number(report.shown)
        for make in (reliability, score_distribution, confusion):
            yield make(rows, shown)
        yield from _pairs(report)
        yield error_types(rows, shown)
        yield ap_lost(rows, shown)


def _lacking(names: Sequence[str]) -> str:
    return (
        f"No diagnosis of {_named(names)}: none was written beside the"
        f" evaluation. {COMMAND} makes one, where FOLDER has the evaluation.json; rows of a grid"
        " have it."
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _pairs(report: Report) -> Iterator[Block]:
    """The pairs that are confused most, each with its count in every row that has it."""
    rows = _chosen_rows(report)
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        for pair in row.diagnosis["confusion"]["pairs"]:
            wanted = f"{pair['object_name']} ({pair['object_group']})"
            found = f"{pair['detected_name']} ({pair['detected_group']})"
            counts.setdefault((wanted, found), {})[row.name] = pair["count"]
    if not counts:
        yield Note("No diagnosis lists a category that was taken for another one.")
        return
    falling = sorted(counts.items(), key=lambda item: (-max(item[1].values()), item[0]))
    columns = [
        Column("object", "object"),
        Column("detected", "taken for"),
        *(
            Column(f"row-{number}", row.name, format=",", undefined=f"below its {NUM_PAIRS}")
            for number, row in enumerate(rows)
        ),
    ]
    # A row that lists fewer pairs than it could has no others.
    rest = [0 if len(row.diagnosis["confusion"]["pairs"]) < NUM_PAIRS else None for row in rows]
    lines = [
        {
            "object": wanted,
            "detected": found,
            **{f"row-{number}": of.get(row.name, rest[number]) for number, row in enumerate(rows)},
        }
        for (wanted, found), of in falling
    ]
    all_rows = len(report.rows)
    shown = f" {len(rows)} of {all_rows} rows are shown." if len(rows) < all_rows else ""
    yield Table(
        "confused-pairs",
        "Most confused categories",
        columns,
        lines,
        f"How many objects of one category were taken for another, in the {NUM_PAIRS} most frequent"
        f" pairs of a row.{shown}",
    )


def _chosen_rows(report: Report) -> list[Row]:
    """The baseline and the best others, as few as a table can hold, the best last."""
    rows = [row for row in report.rows if row.diagnosis]
    baseline = [row for row in rows if row.name == report.baseline]
    others = sorted((row for row in rows if row.name != report.baseline), key=lambda row: row.ap)
    return [*baseline, *others[-(MOST_ROWS - len(baseline)) :]]


def _of_merges(report: Report) -> Iterator[Block]:
    merges = [source for source in report.sources if source.kind == "merge" and source.folder]
    for number, source in enumerate(merges, 1):
        assert source.folder is not None
        try:
            calibration = calibration_of_merge(source.folder)
        except BadInputError as error:
            yield Note(f"No error of scores before and after calibration: {error}", "missing")
            continue
        if calibration is not None:
            yield from calibrated(calibration, source.name, f"-{number}" if number > 1 else "")


def _of_trainings(report: Report) -> Iterator[Block]:
    left = deque(item for item in _trainings_by_ap(report) if (item.folder / FOLDER).is_dir())
    found: dict[str, TrainingTelemetry] = {}
    while left and len(found) < _most_panels(found.values()):
        training = left.popleft()
        try:
            found[_unique(training, found)] = read_telemetry(training.folder)
        except BadInputError as error:
            yield Note(f"Not drawn, what {training.name} taught: {error}", "missing")
    if not found:
        return
    names = {of["id"]: of["name"] for row in report.rows for of in row.evaluation["per_category"]}
    yield taught(found, names)
    if left:
        yield Note(
            f"What {len(left)} other {'training' if len(left) == 1 else 'trainings'} taught is not"
            " drawn; python -m longtail.cluster.telemetry FOLDER... --out FILE.svg draws any."
        )


def _trainings_by_ap(report: Report) -> list[Training]:
    """That of the baseline first, then those of the best rows, then earlier stages."""
    rows = sorted(report.rows, key=lambda row: (row.name != report.baseline, -row.ap))
    order = {row.training: place for place, row in reversed([*enumerate(rows)])}
    return sorted(report.trainings, key=lambda item: order.get(item.folder, len(rows)))


def _most_panels(found: Collection[TrainingTelemetry]) -> int:
    is_large = any(len(of.category_ids) > MANY_CATEGORIES for of in found)
    return FEWER_PANELS if is_large else MOST_PANELS


def _unique(training: Training, taken: Collection[str]) -> str:
    name = training.name
    return name if name not in taken else f"{name} ({training.folder.name})"
