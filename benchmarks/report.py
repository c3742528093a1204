"""What a page of LVIS's size costs: its bytes, the making of it, and a browser that opens it.

Results are made up, with all that a grid has: 1203 categories, 12 rows of four variants with three
seeds each, matches and so intervals of each category's difference between each pair of rows,
diagnoses, trainings with curves, times and what they taught. Pictures are weighed apart: as many as
a page takes of photos of noise, which compress worst. The browser is a headless Chromium of this
machine; wall times are the best of some openings, since others share the machine, and the time of
the main thread is the one to trust.
"""

import gzip
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from longtail.commands import run

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "report.json"
LIMITS = {
    "MB": 2.0,
    "first paint seconds": 0.5,
    "first panel seconds": 1.0,
    "all drawn seconds": 3.0,
    "CPU seconds to make": 10.0,
    "MB of pictures": 0.5,
}
TIMES = """
const paint = performance.getEntriesByName('first-contentful-paint')[0];
const panels = performance.getEntriesByName('panel'), all = performance.getEntriesByName('charts');
return {
  'first paint seconds': paint.startTime / 1000,
  'first panel seconds': panels.length ? panels[0].startTime / 1000 : null,
  'all drawn seconds': all[0].startTime / 1000,
};
"""


@click.command()
@click.option("--categories", default=1203, show_default=True, help="Of the data set.")
@click.option("--rows", default=12, show_default=True, help="Of the ablation.")
@click.option("--openings", default=5, show_default=True, help="Of the page in the browser.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, show_default=True)
def main(categories: int, rows: int, openings: int, out: Path) -> None:
    """Measure the page of a report beside its limits.

    \b
    Examples:
      python -m benchmarks.report
      python -m benchmarks.report --rows 100 --openings 3 --out build/report.json
    """
    # Results are made up as for tests.
    sys.path.insert(0, str(ROOT / "tests"))
    with TemporaryDirectory(prefix="report-") as folder:
        # Comparisons that an earlier run kept would cost nothing.
        os.environ["LONGTAIL_CACHE"] = str(Path(folder) / "cache")
        page = Path(folder) / "page.html"
        figures: dict[str, Any] = {
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "categories": categories,
            "rows": rows,
            **_made(page, Path(folder), rows, categories),
            "MB of pictures": _pictures(Path(folder) / "pictures"),
            "browser": _opened(page, openings),
            "others at work for each core": round(os.getloadavg()[0] / (os.cpu_count() or 1), 1),
            "limits": LIMITS,
        }
    for name, value in {**figures, **figures["browser"]}.items():
        limit = f" (limit {LIMITS[name]:g})" if name in LIMITS else ""
        if not isinstance(value, dict):
            click.echo(f"{name}: {value}{limit}")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=1) + "\n")


def _made(page: Path, folder: Path, rows: int, categories: int) -> dict[str, float]:
    """Write the page; the library of charts and comparisons, made once, are there before."""
    from support.dashboards.whole.large_grid import large_grid

    from dashboards.pages.report import report_page
    from dashboards.pages.vega import library
    from dashboards.sources.combine import combine
    from dashboards.sources.open import open_source

    grid = large_grid(folder, rows, categories)
    library()
    seconds = []
    for _ in range(2):
        start = time.process_time()
        text = report_page(combine("", [open_source(grid)]))
        seconds.append(round(time.process_time() - start, 2))
    page.write_text(text, encoding="utf-8")
    size = page.read_bytes()
    first, again = seconds
    return {
        "MB": round(len(size) / 1e6, 3),
        "MB compressed": round(len(gzip.compress(size)) / 1e6, 3),
        "CPU seconds to make": again,
        "CPU seconds to compare rows first": round(first - again, 2),
    }


def _pictures(folder: Path) -> float:
    """Megabytes of the section, most of them thumbnails."""
    from support.dashboards.whole.photos import photographed

    from dashboards.section import Html
    from dashboards.sections.pictures import pictures

    folder.mkdir()
    section = pictures(*photographed(folder))
    assert section is not None
    (album,) = (block for block in section.blocks if isinstance(block, Html))
    return round(len(album.html) / 1e6, 3)


def _opened(page: Path, openings: int) -> dict[str, Any]:
    """Medians and best of what the browser says; requests and lines of all openings together."""
    from support.browser.browser import Browser
    from support.browser.chromium import chromium, missing_browser

    if reason := missing_browser():
        raise click.ClickException(reason)
    found: list[dict[str, float]] = []
    requests: list[str] = []
    lines: list[str] = []
    with chromium() as driver:
        browser = Browser(driver)
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        for _ in range(openings):
            browser.open("about:blank", waits=False)
            browser.open(page)
            metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
            values = {of["name"]: of["value"] for of in metrics}
            found.append(
                {
                    **browser.run(TIMES),
                    "main thread seconds": values["TaskDuration"],
                    "heap MB": values["JSHeapUsedSize"] / 1e6,
                }
            )
            requests += browser.requests()
            lines += browser.console()
    best = {name: round(min(of[name] for of in found), 3) for name in found[0]}
    middle = {name: round(statistics.median(of[name] for of in found), 3) for name in found[0]}
    return {
        **best,
        "median of all openings": middle,
        "requests": len(requests),
        "console lines": len(lines),
    }


if __name__ == "__main__":
    run(main)
