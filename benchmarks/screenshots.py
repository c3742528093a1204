"""Pictures for README and docs: a report, what it shows of a category, MLflow's list of rows.

They are taken of a runs folder by a headless Chromium of this machine.
"""

import base64
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from longtail.commands import run

if TYPE_CHECKING:
    from PIL.Image import Image
    from support.browser.browser import Browser

ROOT = Path(__file__).parent.parent
WIDTH, OF_MLFLOW = 1160, (1360, 560)
"""Of the window, in pixels: a page of ours; MLflow's, which has a list at its left."""
MOST_BYTES = 300_000
GAP = 16
"""Between parts of a page that stand apart there."""
REPORT = "header", ".bar", "#rows .wide", "#group-bars", "#ap-by-images"
PICTURES = ".pictures .key", ".pictures article:nth-of-type(1)"
BOX = """
const items = [...document.querySelectorAll(arguments[0])];
for (const image of items.flatMap((item) => [...item.querySelectorAll('img')])) {
  image.loading = 'eager';
}
const box = items[0].getBoundingClientRect();
return [box.left + scrollX, box.top + scrollY, box.width, box.height];
"""
LOADED = (
    "return [...document.images].filter((of) => of.loading === 'eager').every((of) => of.complete)"
)
NUM_LISTED = """return document.querySelectorAll('.ag-row a[href*="/runs/"]').length"""
CLOSED = """
const id = 'mlflow.assistant.chat_panel.close';
const button = document.querySelector(`[data-component-id="${id}"]`);
button?.click();
return button !== null;
"""
AP_LISTED = """return document.querySelector('[col-id*="val/AP"].ag-cell')?.textContent ?? ''"""


@click.command()
@click.argument("runs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--grid", default="heads", show_default=True, help="Its report is shown.")
@click.option("--experiment", default="longtail", show_default=True, help="Its rows are listed.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=ROOT / "docs", help="[default: docs]"
)
def main(runs: Path, grid: str, experiment: str, out: Path) -> None:
    """Take report.png, pictures.png and mlflow.png of what a demo left in RUNS.

    \b
    Examples:
      make demo && python -m benchmarks.screenshots runs
    """
    # The browser is that of the tests.
    sys.path.insert(0, str(ROOT / "tests"))
    from support.browser.browser import Browser
    from support.browser.chromium import chromium, missing_browser

    if reason := missing_browser():
        raise click.ClickException(reason)
    page = runs / "grids" / grid / "report.html"
    with chromium() as driver:
        browser = Browser(driver)
        browser.open(page, width=WIDTH)
        _save(_below(browser, REPORT), out / "report.png")
        _save(_below(browser, PICTURES), out / "pictures.png")
        _save(_of_mlflow(browser, runs, experiment), out / "mlflow.png")


def _below(browser: "Browser", selectors: Sequence[str]) -> "Image":
    """Parts of the open page, each under the one before."""
    from PIL import Image

    boxes = [browser.run(BOX, selector) for selector in selectors]
    browser.wait(lambda: bool(browser.run(LOADED)))
    parts = [_shot(browser, *box) for box in boxes]
    size = WIDTH, sum(part.height + GAP for part in parts) + GAP
    whole, top = Image.new("RGB", size, "white"), GAP
    for part, (left, *_) in zip(parts, boxes, strict=True):
        whole.paste(part, (round(left), top))
        top += part.height + GAP
    return whole


def _of_mlflow(browser: "Browser", runs: Path, experiment: str) -> "Image":
    """The view of rows on MLflow's own page."""
    from dashboards.views.server import free_port, served
    from dashboards.views.write import write_views

    links = {link.name: link for link in write_views(runs, experiment)}
    with served((runs / "mlflow.db").absolute(), free_port(5000)) as server:
        server.wait_until_ready()
        browser.open(links["Rows"].at(server.address), width=OF_MLFLOW[0], waits=False)
        browser.wait(lambda: browser.run(NUM_LISTED) > 1 and bool(browser.run(AP_LISTED)))
        # A panel that stands beside the rows of whoever comes for the first time.
        browser.wait(lambda: bool(browser.run(CLOSED)))
        return _shot(browser, 0, 0, *OF_MLFLOW)


def _shot(browser: "Browser", left: float, top: float, width: float, height: float) -> "Image":
    from PIL import Image

    clip = {"x": left, "y": top, "width": width, "height": height, "scale": 1}
    options = {"format": "png", "captureBeyondViewport": True, "clip": clip}
    taken = browser.driver.execute_cdp_cmd("Page.captureScreenshot", options)
    return Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")


def _save(image: "Image", path: Path) -> None:
    image.save(path, optimize=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise click.ClickException(f"{path}: {size:,} bytes; at most {MOST_BYTES:,} are wanted")
    click.echo(f"{path}: {image.width} x {image.height} pixels, {size:,} bytes")


if __name__ == "__main__":
    run(main)
