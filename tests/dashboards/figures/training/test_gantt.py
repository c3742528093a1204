"""When nodes were at work, and what that cost."""

import pytest
from support.dashboards.charts import assert_compiles

from dashboards.figures.training.clock import Clock, clock_of, duration
from dashboards.figures.training.gantt import gantt
from dashboards.figures.training.hours import hours_table
from dashboards.figures.training.lanes import lanes_of
from dashboards.figures.training.work_tables import bar_table
from dashboards.sources.node_times import Attempt, NodeTime
from longtail.cluster.nodes.places import Place

DAY = 86400.0


def node(
    name: str,
    *attempts: Attempt,
    rows: tuple[str, ...] = ("one",),
    finished: bool = True,
    begin: float | None = None,
) -> NodeTime:
    kind = name.split("-")[0]
    start = attempts[0].begin if begin is None and attempts else begin or 0.0
    return NodeTime(name, kind, name, rows, start, attempts, finished)


NODES = [
    node("stage-0", Attempt(60, 3600), rows=("one", "two", "three")),
    node("stage-1", Attempt(3600, 7200, 2), begin=3600),
    node("stage-2", Attempt(3600, 7200, 2), rows=("two",), finished=False),
    node("predictions-1", Attempt(7200, 9000)),
]


def test_bars_are_on_a_clock_of_hours_since_the_first_began(
    capfd: pytest.CaptureFixture[str],
) -> None:
    clock = clock_of(NODES)
    assert (clock.unit, clock.cuts) == ("hours", ())
    table = bar_table(NODES, lanes_of(NODES), clock)
    expected = [0, 3540 / 3600, 3540 / 3600, 7140 / 3600]
    assert table.begin.tolist() == pytest.approx(expected, abs=1e-4)
    assert table.took.tolist() == ["59 min", "60 min", "60 min", "30 min"]
    assert table.word.tolist() == [
        "for 3 rows", "2 in one pass", "2 in one pass; not finished", "",
    ]  # fmt: skip
    figure = gantt(NODES)
    assert figure is not None
    assert_compiles(figure, capfd)


def test_long_idleness_is_cut_out(capfd: pytest.CaptureFixture[str]) -> None:
    late = [node("stage-0", Attempt(0, 100), Attempt(3 * DAY, 3 * DAY + 100))]
    clock = clock_of(late)
    assert clock.cuts == ((100, 3 * DAY),)
    assert (clock.unit, clock.at(100)) == ("minutes", pytest.approx(100 / 60))
    assert clock.at(3 * DAY + 100) == pytest.approx((200 + clock.left) / 60)
    figure = gantt(late)
    assert figure is not None and "cut out" in figure.text
    assert figure.tables["time-cuts"].idle.tolist() == ["72 h"]
    assert figure.tables["time-bars"].state.tolist() == [
        "attempt 1, interrupted", "attempt 2, finished",
    ]  # fmt: skip
    assert_compiles(figure, capfd)


def test_many_nodes_share_lanes(capfd: pytest.CaptureFixture[str]) -> None:
    many = [node(f"stage-{i}", Attempt(10 * i, 10 * i + 15)) for i in range(100)]
    figure = gantt(many)
    assert figure is not None and "100 nodes" in figure.text
    bars = figure.tables["time-bars"]
    assert set(bars.lane) == {"1", "2"} and len(bars) == 100
    for _, lane in bars.groupby("lane"):
        assert (lane.begin.to_numpy()[1:] >= lane.end.to_numpy()[:-1]).all()
    assert_compiles(figure, capfd)


def at(begin: float, end: float, group: int | None, host: str = "h", together: int = 1) -> Attempt:
    return Attempt(begin, end, together, Place(begin, host, group))


PLACED = [
    node("stage-0", at(0, 100, 0), rows=("one", "two")),
    node("stage-1", at(100, 200, 10, together=2)),
    node("stage-2", at(100, 200, 10, together=2)),
    node("predictions-0", at(100, 110, 0)),
    node("predictions-1", at(200, 210, 2)),
    node("evaluation-0", at(110, 115, 0), at(210, 215, 2)),
]


def test_work_of_a_group_lies_on_its_lane_and_what_one_pass_trains_beside_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    lanes = lanes_of(PLACED)
    assert lanes.order == (
        "worker group 0", "worker group 2", "worker group 10", "worker group 10 (2)",
    )  # fmt: skip
    assert [own[0] for own in lanes.of[:4]] == [
        "worker group 0", "worker group 10", "worker group 10 (2)", "worker group 0",
    ]  # fmt: skip
    assert lanes.of[5] == ("worker group 0", "worker group 2")
    figure = gantt(PLACED)
    assert figure is not None and "a lane the worker group" in figure.text
    bars = figure.tables["time-bars"]
    for _, lane in bars.groupby("lane"):
        assert (lane.sort_values("begin").begin.to_numpy()[1:] >= lane.end.to_numpy()[:-1]).all()
    first, narrow = bars.iloc[0], bars.iloc[3]
    assert (first.word, first.side) == ("stage-0; for 2 rows", "inside")
    assert (narrow.node, narrow.side, narrow.place) == ("predictions-0", "", "worker group 0 on h")
    assert bars.state.tolist()[-2:] == ["attempt 1, interrupted", "attempt 2, finished"]
    assert_compiles(figure, capfd)


def test_preparation_on_a_place_begins_when_what_was_before_has_ended() -> None:
    nodes = [
        node("stage-0", at(60, 100, 0), begin=0),
        # Made while the first worked, and begun when it ended.
        node("predictions-0", at(100, 110, 0), begin=50),
        node("predictions-1", at(130, 200, 0), begin=50),
    ]
    figure = gantt(nodes)
    assert figure is not None and "a thin line before" in figure.text
    waits = figure.tables["time-waits"].to_dict("records")
    assert waits == [
        {"lane": "worker group 0", "begin": 0, "end": 60 / 60},
        {"lane": "worker group 0", "begin": pytest.approx(110 / 60, abs=1e-4), "end": 2.1667},
    ]


def test_a_bar_says_as_much_as_fits() -> None:
    times = [node(name, at(*span, 0)) for name, span in (("stage-a", (0, 60)), ("b", (60, 64)))]
    label = "long_name stage 1 training"
    times += [NodeTime("x", "stage", label, ("r",), 64, (at(64, 84, 0),), True)]
    times += [NodeTime("y", "evaluation", "r", ("r",), 84, (at(84, 100, 0),), False)]
    bars = bar_table(times, lanes_of(times), clock_of(times))
    # A letter takes 0.0085 of the axis: the second bar has room for 4, the third for 23.
    assert bars.word.tolist() == ["stage-a", "b", "long_name", "r evaluation"]
    bars = bar_table(times, lanes_of(times), Clock("minutes", 60, (), -100, 0))
    # Half of the room.
    assert bars.word.tolist() == ["stage-a", "b", "long_name", "r"]
    assert bars.side.tolist() == ["inside"] * 4


def test_machines_are_named_where_there_are_several() -> None:
    nodes = [node("stage-0", at(0, 9, 0, "a")), node("stage-1", at(0, 9, 0, "b"))]
    lanes = lanes_of([*nodes, node("evaluation-r", at(0, 1, None, "b"))])
    assert lanes.order == (
        "the command itself on b", "worker group 0 on a", "worker group 0 on b",
    )  # fmt: skip


def test_nodes_of_before_have_a_lane_each_below_those_of_places(
    capfd: pytest.CaptureFixture[str],
) -> None:
    old = node("predictions-9", Attempt(300, 310), begin=290)
    mixed = [*PLACED[:1], old]
    assert lanes_of(mixed).order == ("worker group 0", "predictions-9")
    figure = gantt(mixed)
    assert figure is not None
    assert figure.tables["time-waits"].lane.tolist() == ["predictions-9"]
    assert figure.tables["time-bars"].place.tolist() == ["worker group 0 on h", "not noted"]
    assert_compiles(figure, capfd)


def test_sharing_saves_what_each_row_would_have_done_alone() -> None:
    table = hours_table(NODES, {"workers": 4, "cpus": 2, "gpus": 0.5})
    assert table is not None
    rows = {row["work"]: row for row in table.rows}
    # 3540 s once, and 3600 s of a pass of two, by two GPUs.
    assert rows["training"]["spent"] == pytest.approx(2 * 7140 / 3600)
    assert rows["training"]["saved"] == pytest.approx(2 * (2 * 3540 + 3600) / 3600)
    assert (rows["all"]["nodes"], rows["all"]["shared"]) == (4, 1)
    assert rows["all"]["spent"] == pytest.approx(2 * 8940 / 3600)
    assert "evaluating" not in rows
    assert [column.title for column in table.columns][3] == "GPU-hours spent"


def test_without_gpus_cores_count_and_without_knowledge_nodes() -> None:
    on_cpus = hours_table(NODES, {"workers": 4, "cpus": 2, "gpus": 0})
    unknown = hours_table(NODES, None)
    assert on_cpus is not None and unknown is not None
    assert on_cpus.rows[-1]["spent"] == pytest.approx(8 * 8940 / 3600)
    assert unknown.rows[-1]["spent"] == pytest.approx(8940 / 3600)
    assert unknown.columns[3].title == "node-hours spent" and "not known" in unknown.text


def test_short_work_is_in_minutes() -> None:
    table = hours_table([node("stage-0", Attempt(0, 90))], {"workers": 1, "cpus": 1, "gpus": 1})
    assert table is not None and table.columns[3].title == "GPU-minutes spent"
    assert table.rows[0]["spent"] == pytest.approx(1.5)


def test_what_has_not_begun_is_no_figure() -> None:
    assert gantt([node("stage-0")]) is None and hours_table([node("stage-0")], None) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12, "12 s"), (204, "3.4 min"), (20160, "5.6 h"), (3 * DAY, "72 h"), (9 * DAY, "9 d")],
)
def test_durations_have_a_fitting_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words
