"""What a dry run prints of cost."""

from collections import namedtuple
from pathlib import Path

import pytest

from experiments.commands.grid import cost_table
from experiments.commands.grid.cost_table import print_costs
from experiments.commands.grid.stated_paces import parse_paces
from longtail.cluster.costs.finished import FinishedNode
from longtail.cluster.costs.paces import EVERY_ROW, Pace
from longtail.cluster.costs.rows import Hours, RowCost
from longtail.cluster.costs.work import Likeness
from longtail.cluster.nodes.settings import WorkerResources

CPU, GPU = WorkerResources(1, 1.0, 0.0), WorkerResources(8, 1.0, 1.0)
STATED = Pace(7.7, "stated")
LIKENESS = Likeness("stage", "net", frozenset(), "")


def cost(name: str, to_run: Hours, num_bytes: int = 0, **changes: Hours) -> RowCost:
    none = dict.fromkeys(("shared", "in_passes", "found"), Hours())
    hours = {**none, "to_run": to_run, "alone": to_run, "chain": to_run, **changes}
    return RowCost(name, num_bytes=num_bytes, peak=None, paces=(STATED,), **hours)


def printed(
    costs: list[RowCost],
    resources: WorkerResources,
    runs: Path,
    capsys: pytest.CaptureFixture[str],
) -> str:
    print_costs(costs, resources, runs)
    return capsys.readouterr().out


def cells(output: str, name: str) -> list[str]:
    (line,) = (line for line in output.splitlines() if line.startswith(name))
    return line.removeprefix(name).split()


def test_rows_and_their_sum_in_gpu_hours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = cost("sigmoid_r50", Hours(50.0), 7 * 10**9)
    second = cost(
        "calibrated_r50",
        Hours(10.5),
        10**9,
        alone=Hours(60.5),
        shared=Hours(50.0),
        chain=Hours(60.5),
    )
    output = printed([first, second], GPU, tmp_path, capsys)
    assert "cost in GPU-hours, by row" in output
    assert cells(output, "sigmoid_r50") == ["50", "-", "50", "7", "GB"]
    assert cells(output, "calibrated_r50") == ["60.5", "50", "10.5", "1", "GB"]
    assert cells(output, "all rows") == ["110", "50", "60.5", "8", "GB"]
    assert "7.7 (stated)" in output
    assert "saved: 50 by stages that rows share (GPU-hours)" in output
    assert (
        "elapsed: 7.56 hours with one group of 8 workers at a time, 7.56 at least with any number"
        in output
    )
    assert "disk: at most 8 GB to write" in output and "are free under" in output
    table = output[: output.index("pace of a worker")]
    assert max(map(len, table.splitlines())) <= 80


def test_gpus_of_a_worker_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = WorkerResources(4, 1.0, 2.0)
    output = printed([cost("a", Hours(3.0))], two, tmp_path, capsys)
    assert cells(output, "a ") == ["6", "6"]
    assert "all rows" not in output and "one group of 4 workers" in output


def test_bounds_and_unknown_paces_are_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bound = cost("bound", Hours(2.0, is_bound=True))
    part = cost("part", Hours(1.0, num_unknown=1))
    none = cost("none", Hours(num_unknown=2))
    output = printed([bound, part, none], CPU, tmp_path, capsys)
    assert "cost in worker-hours" in output
    assert cells(output, "bound") == ["<=2", "<=2"]
    assert cells(output, "part") == ["1", "+", "?"] * 2
    assert cells(output, "none") == ["unknown"] * 2
    assert cells(output, "all rows") == ["<=3", "+", "?"] * 2
    assert "unknown pace of 3 nodes" in output and "--pace ROW=IMAGES_PER_S" in output
    assert "memory of a worker: not known, " in output
    assert "finished training of their detectors with as many images a worker on CPUs" in output


def test_the_memory_of_a_worker_is_that_of_its_gpu_where_it_has_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peak = FinishedNode(
        LIKENESS, "NVIDIA X", 3.0, 2, peak_bytes=9 * 10**9, peak_gpu_bytes=7 * 10**9
    )
    of = cost("a", Hours(1.0))
    of = RowCost(**{**vars(of), "peak": peak})
    output = printed([of], GPU, tmp_path, capsys)
    assert "GPU memory" in output and cells(output, "a ") == ["1", "1", "7", "GB"]
    assert "memory of a worker: not known" not in output
    both = printed([of, cost("b", Hours(1.0))], GPU, tmp_path, capsys)
    assert "memory of a worker: not known of 1 of 2 rows, " in both
    resident = RowCost(**{**vars(of), "peak": FinishedNode(LIKENESS, "cpu", 3.0, 2, 9 * 10**9)})
    assert cells(printed([resident], CPU, tmp_path, capsys), "a ") == ["1", "1", "9", "GB"]


def test_a_disk_that_is_too_full_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(cost_table.shutil, "disk_usage", lambda _: usage(10**10, 0, 10**9))
    output = printed([cost("a", Hours(1.0), 2 * 10**9)], CPU, tmp_path, capsys)
    assert "warning: disk: at most 2 GB to write, and 1 GB are free" in output
    assert "warning" not in printed([cost("a", Hours(1.0), 10**9)], CPU, tmp_path, capsys)


def test_nothing_is_printed_where_nothing_is_trained_or_predicted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed([], CPU, tmp_path, capsys) == ""


def test_paces_are_for_every_row_or_for_one() -> None:
    assert parse_paces(["7.7", "htc=2"], ["htc", "b"]) == {EVERY_ROW: 7.7, "htc": 2.0}
    assert parse_paces([], ["a"]) == {}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["fast"], "--pace fast: give the images a second of one worker in training, as 7.7"),
        (["0"], "--pace 0: give"),
        (["a=-1"], "--pace a=-1: give"),
        (["inf"], "--pace inf: give"),
        (["c=1"], "--pace c=1: 'c' is none of the rows a, b"),
        (["1", "2"], "--pace 2: the pace of every row is given twice; leave one out"),
        (["a=1", "a=1"], "--pace a=1: the pace of row a is given twice"),
    ],
)
def test_a_word_that_is_no_pace_is_refused(words: list[str], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_paces(words, ["a", "b"])
    assert text in str(caught.value)
