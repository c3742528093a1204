"""Section of a sweep's page: heat maps of searched paths and of margins on scores."""

from html import escape

from longtail.sweep.analysis.margin_file import COMMON_SHARE
from longtail.sweep.analysis.margin_maps import MarginMap, MarginMaps
from longtail.sweep.page.heat_map_plot import heat_map_plot, is_broad
from longtail.sweep.page.parts import figure, path_name, section, side_by_side

NOTE = (
    "Detections are cut by score + margin to those that count in an image: the rare margin (alpha"
    f" of report 003) for rare categories, {COMMON_SHARE:g} of it for common ones. Mean of"
    " finished trials in points, and their number (n); nothing is trained or predicted for it. The"
    " best margin is lucky on the images that it is chosen on: --space alpha chooses on one half"
    " of them and reports on the other."
)


def margin_maps_section(maps: MarginMaps | None) -> str:
    """AP and APr by searched paths and the margin, and whether the cap lets margins matter."""
    if maps is None:
        return ""
    finding = f"<p>{escape(maps.finding)}</p>" if maps.finding else ""
    problems = "".join(f'<p class="problem">{escape(text)}</p>' for text in maps.margins.problems)
    figures = [_figure(place, item) for place, item in enumerate(maps.maps)]
    return section("Margins on scores", escape(NOTE), finding + side_by_side(figures) + problems)


def _figure(place: int, item: MarginMap) -> str:
    svg = heat_map_plot(f"margins-{place}", item.metric, item.across, item.up, item.cells)
    caption = f"<b>{item.metric}</b><br>up: <b>rare margin</b><br>across: {path_name(item.across)}"
    return figure(svg, caption, broad=is_broad(item.across))
