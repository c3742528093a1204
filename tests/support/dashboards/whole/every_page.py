"""A page of each kind, with every section that it can have, as files."""

import json
from collections.abc import Callable
from pathlib import Path

from support.dashboards.made_calibration import write_made_merge
from support.dashboards.made_diagnosis import made_diagnosis
from support.dashboards.made_grid_in_motion import BEGAN, append, row_of, started, step, write_plan
from support.dashboards.made_matches import matched_grid
from support.dashboards.made_merge import (
    made_calibration,
    made_merge_evaluation,
    made_statistics,
)
from support.dashboards.made_nodes import MadeAttempt, write_journal, write_node
from support.dashboards.made_results import made_report, made_rows
from support.dashboards.made_telemetry import write_made_telemetry
from support.dashboards.picture_scene import random_scene, write_pictures
from support.dashboards.searches import (
    TWO_PATHS,
    margins_of,
    no_merge,
    report_of,
    tune_report,
    tuned_trial,
    tuning_folder,
)
from support.sweep_scene import DIMENSIONS, halved_trials, sweep_of

from dashboards.gallery import main as gallery_command
from dashboards.live.page import watch_page
from dashboards.live.sight import Watcher
from dashboards.live.watched import find_watched
from dashboards.pages.report import Pictures, write_report
from dashboards.sources.combine import combine
from dashboards.sources.found import Found
from dashboards.sources.open import open_source
from dashboards.sources.pictures import PictureSource
from dashboards.sources.results import read_results
from ensemble.sources.finished_result import parse_results
from longtail.sweep.analysis.analysis import analyse
from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs

RESAMPLES = 40
KINDS = ("grid", "results", "merge", "sweep", "tuning", "gallery", "watch")


def every_page(folder: Path) -> dict[str, Path]:
    """The pages by kind; `LONGTAIL_CACHE` is written to."""
    makers: dict[str, Callable[[Path], Path]] = {
        "grid": _grid,
        "results": _results,
        "merge": _merge,
        "sweep": _sweep,
        "tuning": _tuning,
        "gallery": _gallery,
        "watch": _watch,
    }
    pages = {}
    for name, make in makers.items():
        (folder / name).mkdir()
        pages[name] = make(folder / name)
    return pages


def _grid(folder: Path) -> Path:
    """Seeds, diagnoses, trainings with what they taught, one of them not finished."""
    skills = {"sigmoid": 0.4, "eql": 0.6, "eql rfs": 0.7}
    grid = matched_grid(folder, skills, seeds=(0, 1), rows={"lost": {"error": "no memory"}})
    for number, links in enumerate(sorted(path for path in grid.iterdir() if path.is_dir())):
        tree = made_diagnosis(number, "c" if number == 0 else "")
        (links / "evaluation" / "diagnosis.json").write_text(json.dumps(tree))
        ended = None if number == 5 else 60.0 + number
        node = write_node(folder, f"stage-{number}", links.name, number, ended=ended)
        write_journal(node, [MadeAttempt(0, 1, 50, every=5)])
        write_made_telemetry(node, [10 * number, 400, 30])
        (links / "training").symlink_to(node)
    page = folder / "page.html"
    write_report(combine("", [open_source(grid)]), page)
    return page


def _results(folder: Path) -> Path:
    """Results of another tool, evaluated and diagnosed, with pictures."""
    annotations, records = random_scene(folder, 3)
    source = PictureSource(annotations, write_pictures(folder, 6))
    words = []
    for name, some in (("old", records[::3]), ("new", records)):
        (folder / f"{name}.json").write_text(json.dumps(some))
        words.append(f"{name}={folder / name}.json")
    found = read_results(annotations, parse_results(words), lambda _: None, resamples=RESAMPLES)
    page = folder / "page.html"
    write_report(combine("", [found]), page, Pictures(source))
    return page


def _merge(folder: Path) -> Path:
    """A calibrated one with margins, of sources whose AP is known by category."""
    write_made_merge(folder / "made", folder / "calibration.json")
    tree = {
        "request": {
            "settings": {"max_dets": 300, "margins": {"rare": 0.1, "common": 0.05}},
            "sources": [{"name": "a"}, {"name": "b"}],
        },
        "statistics": made_statistics(),
        "evaluation": made_merge_evaluation(),
        "calibration": made_calibration(),
    }
    rows = made_rows(folder, 3, 40)
    page = folder / "page.html"
    facts = (("cap", "300 detections an image"),)
    found = Found("made", "merge", folder / "made", facts=facts, rows=rows, tree=tree)
    write_report(made_report(found), page)
    return page


def _sweep(folder: Path) -> Path:
    """Two metrics, trials stopped early, margins, and the best ones with fresh seeds."""
    sweep = sweep_of(
        {path: DIMENSIONS[path] for path in TWO_PATHS}, metrics=("AP", "APr"), scheduler="asha"
    )
    trials = halved_trials(sweep, 36)
    best = next(trial for trial in trials if trial.state == "finished")
    again = ReevaluatedTrial(
        best.number,
        best.point,
        {"AP": fresh_runs(0.30, {1: 0.24, 2: 0.27}), "APr": fresh_runs(0.2, {1: 0.14, 2: 0.17})},
    )
    confirmed = Reevaluation(("AP", "APr"), (1, 2), 5, (again,), "g", ())
    page = folder / "page.html"
    report = report_of(analyse(sweep, trials, confirmed, margins_of(trials)), "a hole")
    write_report(report, page)
    return page


def _tuning(folder: Path) -> Path:
    trials = [
        tuned_trial(0, 0.2, method="wbf", iou_thr=0.55),
        tuned_trial(1, 0.3, method="nms"),
        no_merge(2, "no match", method="soft-nms"),
    ]
    ended = tune_report(trials[1], ["APr is rough"])
    page = folder / "page.html"
    write_report(combine("", [open_source(tuning_folder(folder / "made", trials, ended))]), page)
    return page


def _gallery(folder: Path) -> Path:
    annotations, records = random_scene(folder, 4)
    (folder / "a.json").write_text(json.dumps(records))
    words = ["--ann", annotations, "--images", write_pictures(folder, 6)]
    words += ["--pred", f"a={folder / 'a.json'}", "--out", folder / "page.html"]
    gallery_command([str(word) for word in words], standalone_mode=False)
    return folder / "page.html"


def _watch(folder: Path) -> Path:
    """Rows that run, wait and failed."""
    running = row_of(0, "runs", ("running", "waiting", "waiting"))
    failed = row_of(1, "fails", ("failed", "blocked", "blocked"), error="no memory")
    write_plan(folder / "grids" / "g", [*running, *failed])
    lines = [step(10 * i, 2.0 / i, BEGAN + 10 * i) for i in range(1, 6)]
    append(folder, running[0]["id"], started(200), *lines)
    page = folder / "page.html"
    # It loads itself again while it is looked at.
    html = watch_page(Watcher(find_watched(folder, None)).look(BEGAN + 102))
    page.write_text(html.replace('http-equiv="refresh"', 'name="refresh"'))
    return page
