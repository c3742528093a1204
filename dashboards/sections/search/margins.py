"""Whether margins on scores help, and which."""

from dashboards.figures.search.heat_map import Cells, heat_map
from dashboards.figures.search.looks import slug
from dashboards.figures.search.margin_map import margin_map
from dashboards.section import Block, Note, Section
from dashboards.sections.search.searches import searches
from dashboards.sections.search.tuning_words import about_the_cap
from dashboards.sources.found import Report
from dashboards.sources.tuning import Tuning
from longtail.sweep.analysis.margin_file import COMMON_SHARE
from longtail.sweep.analysis.margin_maps import MarginMaps

NOTE = (
    "Detections are cut by score + margin to those that count in an image: the rare margin (alpha"
    f" of report 003) for rare categories, {COMMON_SHARE:g} of it for common ones. Nothing is"
    " trained or predicted for it. The best margin is lucky on the images that it is chosen on:"
    " --space alpha chooses on one half of them and reports on the other."
)


def margins(report: Report) -> Section | None:
    """Of the finished trials of sweeps, and of the merge that a tuning chose."""
    blocks: list[Block] = []
    for search in searches(report):
        maps = None if search.analysis is None else search.analysis.margins
        if maps is not None:
            blocks += search.told_apart(_of_sweep(maps, search.suffix))
        if search.tuning is not None:
            blocks += search.told_apart(_of_tuning(search.tuning, search.suffix))
    if not blocks:
        return None
    text = "What is added to the scores of rare and common categories before the cut."
    return Section("margins-on-scores", "Margins on scores", text, (*blocks,))


def _of_sweep(maps: MarginMaps, suffix: str) -> list[Block]:
    blocks: list[Block] = [Note(NOTE)]
    if maps.finding:
        blocks.append(Note(maps.finding))
    compared = f"{len(maps.trials)} finished trials"
    for place, item in enumerate(maps.maps):
        name = f"margin-heat-{slug(item.metric)}-{place}{suffix}"
        cells = Cells(item.metric, item.across, item.up, item.cells, ())
        blocks.append(heat_map(cells, compared, name))
    return [*blocks, *(Note(text, "warning") for text in maps.margins.problems)]


def _of_tuning(tuning: Tuning, suffix: str) -> list[Block]:
    about = about_the_cap(tuning)
    if tuning.margins is not None:
        return [margin_map(tuning.margins, about, suffix)]
    return [Note(about, "missing")] if about and "margins" in tuning.request["searched"] else []
