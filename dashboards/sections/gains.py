"""Which step gained what, and for whom: rare, common, frequent; masks against boxes."""

from collections.abc import Iterator
from itertools import pairwise

from dashboards.ablation.order import first_of_variants, steps_of
from dashboards.figure import Figure
from dashboards.figures.bin_bars import bin_bars
from dashboards.figures.gap_bars import gap_bars
from dashboards.figures.group_bars import group_bars
from dashboards.figures.waterfall import NAME, waterfall
from dashboards.section import Block, Note, Section
from dashboards.sources.comparing import compared
from dashboards.sources.found import Report


def gains(report: Report) -> Section | None:
    """Steps of each grid, then the rows of all sources by groups, bins, and gap."""
    if not report.rows:
        return None
    blocks: list[Block] = [*_waterfalls(report)]
    masks = [row for row in report.rows if row.ap_kind == "segm"]
    if masks:
        blocks += [of(masks, report.baseline) for of in (group_bars, bin_bars, gap_bars)]
    else:
        blocks.append(group_bars(report.rows, report.baseline, "box"))
        blocks.append(Note("No row has masks: there is no gap between boxes and masks.", "missing"))
    if masks and len(masks) < len(report.rows):
        number = len(report.rows) - len(masks)
        rows = f"{number} row{'s' if number > 1 else ''} without masks"
        blocks.append(Note(f"{rows}: see the table of boxes above.", "missing"))
    text = "Which step gains what, and for which categories."
    return Section("gains", "Gains", text, tuple(blocks))


def _waterfalls(report: Report) -> Iterator[Figure | Note]:
    number = 0
    for source in report.sources:
        rows = first_of_variants(source)
        kinds = {row.ap_kind for row in rows}
        if len(rows) < 2:
            continue
        if len(kinds) > 1:
            why = "some rows have masks, others boxes alone"
            yield Note(f"The steps of {source.name} are not drawn: {why}.", "missing")
            continue
        steps = set(steps_of(source))
        pairs = [(row.name, above.name) for above, row in pairwise(rows)]
        found = compared(report, [pair for pair in pairs if pair in steps]).found
        number += 1
        name = NAME if number == 1 else f"{NAME}-{number}"
        several = len(rows) < len(source.rows)
        text = "Of several seeds, the first of each variant." if several else ""
        yield waterfall(rows, found, name, text)
