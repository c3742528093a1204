"""What a test asks of charts: that they compile silently, and what they say."""

from typing import Any

import pytest

from dashboards.figure import Figure
from dashboards.look import PAGE, PAPER
from dashboards.pages.vega import compiled


def assert_compiles(figure: Figure, capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The panels as a page has them; neither they nor the paper's figure give a warning."""
    panels = [compiled(spec) for spec in figure.panel_specs(PAGE)]
    compiled(figure.spec(PAPER))
    told = capfd.readouterr()
    assert not told.out and not told.err
    return panels
