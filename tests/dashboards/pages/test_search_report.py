"""The page of a sweep and of a tuning, as a browser gets it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.dashboards.searches import (
    TWO_PATHS,
    margins_of,
    report_of,
    tune_report,
    tuned_trial,
    tuning_folder,
)
from support.sweep_scene import DIMENSIONS, halved_trials, sweep_of

from dashboards.pages.report import report_page
from dashboards.sources.combine import combine
from dashboards.sources.found import Report
from dashboards.sources.open import open_source
from longtail.sweep.analysis.analysis import analyse

pytestmark = pytest.mark.slow


def held(page: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


def sweep_report() -> Report:
    sweep = sweep_of({path: DIMENSIONS[path] for path in TWO_PATHS}, metrics=("AP", "APr"))
    trials = halved_trials(sweep, 20)
    return report_of(analyse(sweep, trials, None, margins_of(trials)))


def test_the_page_of_a_sweep_holds_its_numbers_and_nothing_from_elsewhere(
    capfd: pytest.CaptureFixture[str],
) -> None:
    report = sweep_report()
    page = report_page(report)
    assert page == report_page(sweep_report())
    analysis = report.sources[0].tree["analysis"]
    tables = held(page, "tables")
    heat = tables["heat-ap-0"]
    means = [cell.mean for row in analysis.of_metrics[0].heat_maps[0].cells for cell in row]
    shown = [None if mean is None else pytest.approx(100 * mean) for mean in means]
    assert heat["mean"] == shown
    assert tables["importance"]["share"][0] == max(
        analysis.of_metrics[0].importances.shares.values()
    )
    ids = re.findall(r' id="([^"]*)"', page.split("<script", 1)[0])
    assert len(ids) == len(set(ids))
    before = page.split("<script", 1)[0]
    assert not re.search(r"<(link|img)[^>]*(src|href)=|@import|url\(", before)
    assert not re.search(r"<script[^>]* src=", page)
    assert "WARN" not in capfd.readouterr().err


def test_the_page_of_a_tuning_holds_its_numbers(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trials = [tuned_trial(0, 0.2, method="wbf"), tuned_trial(1, 0.3, method="nms")]
    folder = tuning_folder(tmp_path / "<b>fusion", trials, tune_report(trials[1]))
    page = report_page(combine("", [open_source(folder)]))
    assert held(page, "tables")["margins-ap"]["mean"][-1] == pytest.approx(30.0)
    assert "<b>fusion" not in page and "24.00 to 26.00" in page
    assert "WARN" not in capfd.readouterr().err
