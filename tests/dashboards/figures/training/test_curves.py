"""Learning curves, and how trainings went."""

from pathlib import Path

import pytest
from support.dashboards.charts import assert_compiles
from support.dashboards.made_nodes import MadeAttempt, write_journal, write_node

from dashboards.figures.training.curves import curves, loss_parts
from dashboards.figures.training.rates import rates
from dashboards.sources.found import Training
from longtail.training.journal import JOURNAL, read_journal


@pytest.fixture
def trainings(tmp_path: Path) -> list[Training]:
    made = []
    for name in ("one", "two \"><img onerror=x> \\ '</script>"):
        node = write_node(tmp_path, f"stage-{len(made)}", name, 0)
        write_journal(node, [MadeAttempt(0, 1, 60), MadeAttempt(90, 51, 100)])
        made.append(Training(name, (), node, read_journal(node / JOURNAL), {}))
    return made


def test_the_loss_is_the_journals(
    trainings: list[Training], capfd: pytest.CaptureFixture[str]
) -> None:
    figure = curves(trainings)
    assert figure is not None and list(figure.tables) == ["training-loss"]
    table = figure.tables["training-loss"]
    for place, of in enumerate(trainings):
        line = table[table.training == place].set_index("step").value.to_dict()
        expected = {record["step"]: record["train/loss"] for record in of.records}
        assert line == pytest.approx(expected, rel=1e-4)
    assert_compiles(figure, capfd)


def test_ap_on_the_way_has_a_panel(trainings: list[Training]) -> None:
    first = trainings[0]
    records = [*first.records, {"step": 101, "val/AP": 12.5, "attempt": 2, "time": 0.0}]
    figure = curves([Training("x", (), first.folder, records, {})])
    assert figure is not None and list(figure.tables) == ["training-loss", "training-ap"]
    assert figure.tables["training-ap"].value.tolist() == [12.5]


def test_parts_of_the_loss_and_rates_have_a_panel_each(
    trainings: list[Training], capfd: pytest.CaptureFixture[str]
) -> None:
    parts, others = loss_parts(trainings), rates(trainings)
    assert parts is not None and others is not None
    assert list(parts.tables) == ["training-loss-box", "training-loss-mask"]
    assert list(others.tables) == [
        "training-lr",
        "training-images-per-second",
        "training-peak-memory-bytes",
    ]
    speed = others.tables["training-images-per-second"]
    assert set(speed.value) == {16.0}
    # 3 GiB in bytes.
    assert set(others.tables["training-peak-memory-bytes"].value) == {3.0}
    for figure in (parts, others):
        assert_compiles(figure, capfd)


def test_whatever_else_a_journal_keeps_is_shown(trainings: list[Training]) -> None:
    records = [{**line, "train/memory_gb": 7.5} for line in trainings[0].records]
    figure = rates([Training("x", (), trainings[0].folder, records, {})])
    assert figure is not None and set(figure.tables["training-memory-gb"].value) == {7.5}


def test_without_records_there_is_nothing(tmp_path: Path) -> None:
    silent = [Training("x", (), tmp_path, [], {})]
    assert (curves(silent), loss_parts(silent), rates(silent)) == (None, None, None)
