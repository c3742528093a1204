"""Variants that are named by a file."""

from pathlib import Path

import pytest
from support.commands.run_requests import run_request

from experiments.commands.variant_files import find_variant, read_variant
from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.cluster.nodes.plan import DataFiles, make_plan
from longtail.config.detector import Detector
from longtail.config.variant import Variant
from longtail.path_options import SUBMITTED_JOB
from longtail.problems import BadInputError

VARIANT = VARIANTS["eql_r50"].override({"stages.0.optimizer.base_lr": 0.0123})


def test_a_file_is_taken_as_it_is_and_a_name_at_the_scale_that_is_asked_for(
    toy_set: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(VARIANT.model_dump_json())
    run = run_request(toy_set, tmp_path, scale="demo")
    assert find_variant("--variant", str(file), run) == VARIANT
    assert find_variant("--variant", "eql_r50", run) == demo_scale(VARIANTS["eql_r50"])
    assert (
        find_variant("--variant", "eql_r50", run_request(toy_set, tmp_path, scale="full"))
        == (VARIANTS["eql_r50"])
    )


def test_iterations_shorten_the_demo_scale_and_nothing_else(toy_set: Path, tmp_path: Path) -> None:
    run = run_request(toy_set, tmp_path, scale="demo", iterations=40)
    assert find_variant("--variant", "rhead_cat", run) == demo_scale(VARIANTS["rhead_cat"], 40)
    with pytest.raises(ValueError, match="--iterations 40: shortens --scale demo"):
        run_request(toy_set, tmp_path, scale="full", iterations=40)


def test_an_unknown_name_lists_the_known_ones(toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'eql' is unknown; there are softmax_r50, .* \.json"):
        find_variant("--variant eql", "eql", run_request(toy_set, tmp_path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"no such file; a sweep leaves runs/sweeps/NAME/best\.json"),
        ("{", r"not the JSON of a variant: the whole file: Invalid JSON"),
        ("[]", r"not the JSON of a variant"),
        ('{"rows": {}, "grid": 1}', r"rows: Extra inputs .*; grid: Extra inputs"),
        ('{"stages": [{"classifer": 1}]}', r"stages\.0\.classifer: Extra inputs"),
        (
            '{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}',
            r"c: Extra .* and 2 more; give the best\.json",
        ),
    ],
)
def test_a_file_that_is_no_variant_is_named_with_what_is_wrong(
    content: str | None, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadInputError, match=rf"wrong\.json: .*{words}"):
        read_variant(file)


def test_a_submitted_job_names_a_file_that_was_not_sent(
    toy_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SUBMITTED_JOB, "{}")
    with pytest.raises(ValueError, match=r"best\.json: not among the files that were sent"):
        find_variant("--variants", "best.json", run_request(toy_set, tmp_path))
    weights = Variant(detector=Detector(weights="w.pth"))
    data = DataFiles(Path("t.json"), Path("v.json"), Path("i"), "a" * 64, "b" * 64)
    with pytest.raises(ValueError, match=r"w\.pth: not among the files that were sent"):
        make_plan({"mine": weights}, (0,), data)
