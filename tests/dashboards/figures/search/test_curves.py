"""Trials on their way."""

import pytest
from support.dashboards.searches import svg_of

from dashboards.figures.search.curves import curve_table, curves, reached
from longtail.sweep.trial import Rung, Trial

RUNGS = [Rung(step, {"AP": step / 3000}) for step in (100, 300, 900)]
TRIALS = [
    Trial(0, {}, "finished", RUNGS, "t", "e", 0.0),
    Trial(1, {}, "stopped", RUNGS[:2], "t", "e", 0.0),
    Trial(2, {}, "failed", [], "t", "e", 0.0, "boom"),
    Trial(3, {}, "finished", RUNGS, "t", "e", 0.0),
    Trial(4, {}, "stopped", [Rung(100, {"AP": -1.0})], "t", "e", 0.0),
]


def test_stopped_trials_end_early_and_the_best_lies_on_top() -> None:
    table = curve_table("AP", TRIALS, best=3)
    assert list(table["trial"]) == [1, 1, 0, 0, 0, 3, 3, 3]
    ends = table[table["last"]].set_index("trial")
    assert ends["step"].to_dict() == {1: 300, 0: 900, 3: 900}
    assert ends["state"].to_dict() == {1: "stopped early", 0: "finished", 3: "best"}
    assert list(ends["value"]) == pytest.approx([10.0, 30.0, 30.0])


def test_the_text_counts_the_trials_at_each_step() -> None:
    assert reached(curve_table("AP", TRIALS, best=3)).endswith("100: 3, 300: 3, 900: 2.")
    assert reached(curve_table("AP", [], best=None)).endswith("None.")


def test_steps_far_apart_have_a_logarithmic_axis(capfd: pytest.CaptureFixture[str]) -> None:
    spec = curves("AP", TRIALS, best=3).spec()
    scale = spec["layer"][0]["encoding"]["x"]["scale"]
    assert scale["type"] == "log"
    assert spec["layer"][0]["encoding"]["x"]["axis"]["values"] == [100, 300, 900]
    svg = svg_of(curves("AP", TRIALS, best=3))
    assert ">900<" in svg and ">iterations of the last stage<" in svg
    svg_of(curves("AP", TRIALS[1:2], best=None))
    assert "WARN" not in capfd.readouterr().err


def test_steps_close_together_have_a_linear_one() -> None:
    trials = [Trial(0, {}, "finished", [Rung(s, {"AP": 0.1}) for s in (800, 900)], "t", "e", 0.0)]
    spec = curves("AP", trials, best=0).spec()
    assert spec["layer"][0]["encoding"]["x"]["scale"]["type"] == "linear"
