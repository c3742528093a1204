"""The page that loads itself again."""

import re
from pathlib import Path

from support.dashboards.made_grid_in_motion import BEGAN, append, row_of, started, step, write_plan

from dashboards.live.page import watch_page
from dashboards.live.sight import Watcher
from dashboards.live.watched import find_watched

NASTY = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


def page_of(runs: Path) -> str:
    return watch_page(Watcher(find_watched(runs, None)).look(BEGAN + 102))


def test_a_page_of_a_running_grid_comes_again_and_runs_nothing(tmp_path: Path) -> None:
    nodes = row_of(0, NASTY, ("running", "waiting", "waiting"))
    write_plan(tmp_path / "grids" / "g", nodes)
    lines = [step(10, 2.0, BEGAN + 10), step(20, 1.0, BEGAN + 20)]
    append(tmp_path, nodes[0]["id"], started(200), *lines)
    page = page_of(tmp_path)
    assert '<meta http-equiv="refresh" content="5">' in page
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page
    assert "default-src 'none'" in page and "http" not in page.replace("http-equiv", "")
    assert '<progress max="100" value="10"' in page
    assert re.findall(r'points="([^"]*)"', page) == ["0.0,1.0 120.0,21.0"]
    assert ">20/200<" in page and ">3:00<" in page


def test_a_page_of_a_grid_that_ended_stays(tmp_path: Path) -> None:
    nodes = row_of(0, "a", ("failed", "blocked", "blocked"), error="no memory")
    write_plan(tmp_path / "grids" / "g", nodes, ended="failed")
    page = page_of(tmp_path)
    assert "refresh" not in page and "no memory" in page and "grid g, failed" in page


def test_the_same_sight_is_the_same_page(tmp_path: Path) -> None:
    write_plan(tmp_path / "grids" / "g", row_of(0, "a", ("waiting", "waiting", "waiting")))
    assert page_of(tmp_path) == page_of(tmp_path)
