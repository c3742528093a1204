"""What each step of a merge is worth, and what each source brings."""

from collections.abc import Iterator
from typing import Any

from dashboards.ablation.cells import SAME, is_none
from dashboards.figures.ensemble.calibration_maps import calibration_maps
from dashboards.figures.ensemble.cap_pressure import cap_pressure
from dashboards.figures.ensemble.contributions import contributions, kept_is_counted
from dashboards.figures.ensemble.margins import margins
from dashboards.figures.ensemble.steps import kind_of, step_table, steps
from dashboards.section import Block, Note, Section
from dashboards.sources.found import Found, Report
from dashboards.tables import Column, Table
from longtail.categories import GROUP_NAMES
from longtail.evaluation.uncertainty.comparison import HIGHER, LOWER, UNDECIDED
from longtail.metrics import GROUP_METRICS, KIND_NAMES

UNKNOWN = "not known"
STEP_COLUMNS = (
    Column("name", "source, or after step"),
    Column("AP", "AP", best="high"),
    Column("interval", "95% interval", hint="of AP, over resamples of images", undefined=UNKNOWN),
    *(Column(metric, metric, best="high") for metric in GROUP_METRICS[1:]),
)
CHANGE_COLUMNS = (
    Column("change", "change of AP", "+z.2f", hint="to the step above", undefined="none"),
    Column("change_interval", "its interval", undefined="none"),
    Column("verdict", "verdict", hint="whether the interval leaves out 0", undefined="none"),
)
SOURCE_COLUMNS = (
    Column("name", "source"),
    Column("detections", "detections", ","),
    Column("objects", "objects", ",", hint="after fusion, with a detection of this source"),
    Column("alone", "found alone", ",", hint="objects with no detection of another source"),
)
KEPT_COLUMNS = (
    Column("kept", "objects kept", ",", hint="that the cap left"),
    Column("share", "share of merge", ".1%", hint="of its detections; sources overlap"),
    Column("alone_kept", "alone, kept", ",", hint="found alone, and left by the cap"),
    *(
        Column(f"alone_{letter}", group, ",", hint=f"found alone, kept, and {group}")
        for letter, group in GROUP_NAMES.items()
    ),
)


def ensemble(report: Report) -> Section | None:
    """Steps, contributions, cap, calibration and margins of each merge."""
    merges = [source for source in report.sources if source.kind == "merge"]
    if not merges:
        return None
    blocks = [
        block
        for number, merge in enumerate(merges, 1)
        for block in _blocks(merge, "" if number == 1 else f"-{number}", len(merges) > 1)
    ]
    text = "What each step is worth, and what each source brings."
    return Section("ensemble", "Ensemble", text, tuple(blocks))


def _blocks(merge: Found, suffix: str, named: bool) -> Iterator[Block]:
    if named:
        yield Note(f"The merge {merge.name}.")
    request, statistics = merge.tree["request"], merge.tree["statistics"]
    evaluation, calibration = merge.tree["evaluation"], merge.tree["calibration"]
    found: list[Block | None] = []
    if evaluation:
        found += [steps(evaluation, suffix), _step_table(evaluation, suffix)]
    if statistics:
        found.append(contributions(statistics, suffix))
        found.append(_source_table(statistics, suffix))
        found.append(cap_pressure(statistics, request["settings"]["max_dets"], suffix))
    given = request["settings"]["margins"]
    found.append(margins(given["rare"], given["common"], suffix))
    if calibration is not None:
        names = [of["name"] for of in request["sources"]]
        found.append(calibration_maps(calibration, names, suffix))
    yield from (block for block in found if block is not None)


def _step_table(evaluation: dict[str, Any], suffix: str) -> Table:
    table = step_table(evaluation)
    kind = KIND_NAMES[kind_of(evaluation)]
    rows = []
    for name, of in table.groupby("name", sort=False):
        values = of.set_index("metric")
        ap = values.loc["AP"]
        changed = ap.change_low == ap.change_low
        verdict = (HIGHER if ap.change > 0 else LOWER) if ap.sure else UNDECIDED
        if is_none(ap.change_low, ap.change_high):
            verdict = SAME
        rows.append(
            {
                "name": str(name),
                **{metric: float(values.value[metric]) for metric in GROUP_METRICS},
                "interval": _span(ap.low, ap.high, ".2f"),
                "change": float(ap.change),
                "change_interval": _span(ap.change_low, ap.change_high, "+z.2f"),
                "verdict": verdict if changed else None,
            }
        )
    text = f"{kind} AP in points; the best in bold."
    columns = STEP_COLUMNS + (CHANGE_COLUMNS if table.change.notna().any() else ())
    return Table(f"merge-step-table{suffix}", "Sources and steps", columns, rows, text)


def _source_table(statistics: dict[str, Any], suffix: str) -> Table | None:
    sources = statistics["sources"]
    if not all("clusters" in of for of in sources.values()):
        return None
    written = sum(statistics["cap"]["kept"].values())
    rows = []
    for name, of in sources.items():
        clusters = of["clusters"]
        found, kept, alone, alone_kept = (
            sum(clusters[key].values()) for key in ("found", "found_kept", "alone", "alone_kept")
        )
        rows.append(
            {
                "name": name,
                "detections": of["detections"],
                "objects": found,
                "kept": kept,
                "share": kept / written if written else None,
                "alone": alone,
                "alone_kept": alone_kept,
                **{f"alone_{letter}": clusters["alone_kept"][letter] for letter in GROUP_NAMES},
            }
        )
    columns = SOURCE_COLUMNS + (KEPT_COLUMNS if kept_is_counted(statistics) else ())
    text = "Objects are what fusion made of the detections of all sources."
    if kept_is_counted(statistics):
        text += " Rare, common, frequent: those found alone and kept, by group."
    title = "What each source brings"
    return Table(f"merge-source-table{suffix}", title, columns, rows, text)


def _span(low: float, high: float, form: str) -> str | None:
    return None if low != low else f"{low:{form}} to {high:{form}}"
