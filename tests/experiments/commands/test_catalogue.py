"""What `--list` says."""

import pytest
from rich.console import Console

from experiments.commands import catalogue
from experiments.commands.catalogue import num_trainings, print_catalogue
from experiments.variants import MERGES, TABLES, VARIANTS


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setattr(catalogue, "output_console", lambda: Console(width=200))
    print_catalogue()
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def line_of(name: str, lines: list[str]) -> list[str]:
    (line,) = [line.split() for line in lines if line.split()[:1] == [name]]
    return line


def test_every_variant_and_table_is_listed_once(lines: list[str]) -> None:
    for name in (*VARIANTS, *MERGES, *TABLES):
        line_of(name, lines)


def test_a_variant_is_told_by_its_stages_and_its_treatment_at_test_time(lines: list[str]) -> None:
    double = " ".join(line_of("alibaba_double_r50", lines))
    assert "softmax > bags > double(bags, bags)" in double
    assert "repeat_factor > repeat_factor > class_aware" in double
    scaled = " ".join(line_of("rhead_cat_scale", lines))
    assert "softmax > calibrated(2fc_rand)" in scaled
    assert "cat_scale, threshold 0 2019" in scaled
    assert "external, 2019" in " ".join(line_of("eql_coco_r50", lines))


def test_a_table_says_how_many_stages_it_trains(lines: list[str]) -> None:
    assert line_of("calibration_2019_6", lines)[1] == "2"
    assert line_of("alibaba_2020_1", lines)[1] == "5"
    assert line_of("calibration_2019_9_ensemble", lines)[1] == "5"


def test_a_merge_is_told_by_its_members_and_options(lines: list[str]) -> None:
    merge = " ".join(line_of("rescoring_experts", lines))
    assert "eql_x101, eql_se154" in merge and "rare_margin=0.1, common_margin=0.05" in merge


def test_shared_stages_count_once() -> None:
    rows = [VARIANTS["mrcnn_r50"], VARIANTS["rhead_cat"], VARIANTS["rhead_cat_3fc"]]
    assert [num_trainings(rows[:count]) for count in (1, 2, 3)] == [1, 2, 3]
