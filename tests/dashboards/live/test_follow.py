"""Whoever watches before a grid begins sees it begin, and stays with it."""

from pathlib import Path

from support.dashboards.made_grid_in_motion import BEGAN, row_of, write_plan

from dashboards.live.follow import following


def test_the_first_that_begins_is_followed(tmp_path: Path) -> None:
    look = following(tmp_path, None)
    first = look(BEGAN)
    assert (first.watched.kind, first.nodes, first.is_over) == ("nodes", (), False)
    nodes = row_of(0, "a", ("running", "waiting", "waiting"))
    write_plan(tmp_path / "grids" / "one", nodes)
    assert look(BEGAN).watched.name == "one"
    write_plan(tmp_path / "grids" / "two", nodes, ended="done")
    sight = look(BEGAN)
    assert (sight.watched.name, sight.is_over) == ("one", False)
