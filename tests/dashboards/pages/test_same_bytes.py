"""A page made twice is the same file, whatever a process's hashes are, and brings no address."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.dashboards.made_results import made_grid, made_report
from support.places import ROOT

from dashboards.pages.report import report_page
from dashboards.sources.grid import read_grid

MAKE = """
import sys
from pathlib import Path
from support.dashboards.made_results import made_report
from dashboards.pages.report import report_page
from dashboards.sources.grid import read_grid
Path(sys.argv[2]).write_text(report_page(made_report(read_grid(Path(sys.argv[1])))))
"""


@pytest.mark.slow
def test_two_processes_make_the_same_bytes(tmp_path: Path) -> None:
    grid = made_grid(tmp_path, 3, 60)

    digests = set()
    for seed in ("0", "1"):
        file = tmp_path / f"{seed}.html"
        paths = os.pathsep.join(str(ROOT / name) for name in ("platform", ".", "tests"))
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        subprocess.run(
            [sys.executable, "-c", MAKE, str(grid), str(file)], env=environment, check=True
        )
        digests.add(hashlib.sha256(file.read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.slow
def test_page_of_lvis_and_12_rows_is_below_two_megabytes(tmp_path: Path) -> None:
    page = report_page(made_report(read_grid(made_grid(tmp_path, 12, 1203))))

    assert len(page.encode()) < 2_000_000
    assert not re.findall(r"(?:src|href)=\"(?!#)[^\"]*", page.partition("<script")[0])
