"""The page that a sweep leaves."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.places import ROOT
from support.sweep_scene import halved_trials, sweep_of

from experiments.commands.sweep.report import write_report
from longtail.sweep.analysis.analysis import analyse


@pytest.mark.slow
def test_the_page_names_the_sweep_and_its_best_trial(tmp_path: Path) -> None:
    sweep = sweep_of()
    analysis = analyse(sweep, halved_trials(sweep, 8))
    path = write_report(tmp_path, analysis)
    assert path == tmp_path / "report.html" and list(tmp_path.iterdir()) == [path]
    page = path.read_text()
    assert f"<title>Sweep {tmp_path.name}</title>" in page
    assert analysis.best is not None
    assert f"Best in the sweep: trial {analysis.best.number}, AP" in page


def test_commands_that_show_nothing_do_not_import_charts() -> None:
    code = (
        "import sys, experiments.sweep, experiments.commands.sweep.report, ensemble.tune,"
        " ensemble.tuning.job; print({'altair', 'vl_convert'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
