"""The page of the margins: a square for each pair, without a network or a script."""

import re
from pathlib import Path
from xml.etree import ElementTree

from ensemble.tuning.heat_map import write_heat_map
from ensemble.tuning.objective.margins import MarginTrials, try_margins
from longtail.evaluation.margins import Margins

SVG = "{http://www.w3.org/2000/svg}"


class Slope:
    def evaluate(self, margins: Margins) -> dict[str, float]:
        return {"AP": margins.rare, "APr": -1.0, "APc": 0.1, "APf": 0.1}


def panels(path: Path, trials: MarginTrials) -> list[ElementTree.Element]:
    write_heat_map(trials, path, "3 of 4 images & more")
    text = path.read_text()
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text and "prefers-color-scheme: dark" in text
    assert "3 of 4 images &amp; more" in text
    return [ElementTree.fromstring(svg) for svg in re.findall("<svg.*?</svg>", text, re.DOTALL)]


def test_every_pair_has_a_square_that_names_it(tmp_path: Path) -> None:
    trials = try_margins(Slope(), Margins(0.1, 0.05), 100, ["AP"])  # type: ignore[arg-type]
    first, second = panels(tmp_path / "page.html", trials)
    titles = [of.text for of in first.iter(f"{SVG}title")]
    assert len(titles) == len(trials) - 1
    assert "rare 0.3, common 0: AP 30.00" in titles
    for square in first.iter(f"{SVG}rect"):
        x, y, width, height = (float(square.attrib[k]) for k in ("x", "y", "width", "height"))
        assert width > 0 and height > 0 and x + width <= 431 and y + height <= 471
    # No category of the group occurs.
    assert not list(second.iter(f"{SVG}rect"))
    assert any("no category" in (of.text or "") for of in second.iter(f"{SVG}text"))


def test_a_start_outside_the_range_and_equal_values_are_drawn(tmp_path: Path) -> None:
    trials = try_margins(Slope(), Margins(0.9, 0.5), 30, ["APc"])  # type: ignore[arg-type]
    trials.metrics["APr"][:] = [0.2] * len(trials)
    first, second = panels(tmp_path / "page.html", trials)
    assert len({of.attrib["fill"] for of in second.iter(f"{SVG}rect") if len(of)}) == 1
    assert not list(first.iter(f"{SVG}path"))
