"""JSON of the wrong shape, field by field: refused with its file, or shown all the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.dashboards.made_diagnosis import made_diagnosis
from support.dashboards.made_merge import make_merge
from support.dashboards.made_nodes import MadeAttempt, write_journal, write_node
from support.dashboards.made_results import made_grid
from support.dashboards.searches import tune_report, tuned_trial, tuning_folder

from dashboards.pages.report import SECTIONS
from dashboards.sections.headline import headline
from dashboards.sources.combine import combine
from dashboards.sources.open import open_source
from longtail.problems import BadInputError
from longtail.sealed import seal

pytestmark = pytest.mark.slow

WRONG: tuple[Any, ...] = (None, [], {}, "x", 1, [None], {"x": None})


def grid_folder(folder: Path) -> Path:
    """Of two rows, the first of which was trained and diagnosed."""
    grid = made_grid(folder, 2, 6)
    links = grid / "row_0"
    tree = json.dumps(made_diagnosis(0))
    (links / "evaluation" / "diagnosis.json").write_text(tree)
    (links / "evaluation" / "variant.json").write_text('{"seed": 3}')
    node = write_node(folder, "stage-1", "row_0 training", 0, ended=9)
    write_journal(node, [MadeAttempt(1, 1, 5)])
    (links / "training").symlink_to(node)
    return grid


def merge_folder(folder: Path) -> Path:
    """Of three sources."""
    return make_merge(folder, "--resamples=20")


def ended_tuning(folder: Path) -> Path:
    """Of one trial."""
    trial = tuned_trial(0, 0.2, method="wbf")
    return tuning_folder(folder / "tuning", [trial], tune_report(trial))


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (
            grid_folder,
            [
                "table.json",
                "row_0/evaluation/evaluation.json",
                "row_0/evaluation/diagnosis.json",
                "row_0/evaluation/variant.json",
                "row_0/training/node.json",
            ],
        ),
        (merge_folder, ["merge.json", "stats.json", "evaluation.json", "result.json"]),
        (ended_tuning, ["tune.json"]),
    ],
)
def test_every_field_of_a_wrong_shape_is_refused_or_shown(
    tmp_path: Path, made: Any, names: list[str]
) -> None:
    folder = made(tmp_path)
    refused = set()
    for name in names:
        file = folder / name
        whole = json.loads(file.read_text())
        trees = [{k: v for k, v in whole.items() if k != key} for key in whole]
        trees += [{**whole, key: wrong} for key in whole for wrong in WRONG]
        for tree in trees:
            file.write_text(json.dumps(tree))
            try:
                report = combine("", [open_source(folder)])
                headline(report)
                for section in SECTIONS:
                    section(report)
                if any(file.name in text for of in report.sources for text in of.missing):
                    refused.add(name)
            except BadInputError as error:
                assert file.name in str(error) or "holds no results" in str(error)
                refused.add(name)
            except Exception as error:
                changed = [key for key in whole if tree.get(key) != whole[key]]
                raise AssertionError(f"{name}: {changed} {tree.get(changed[0])!r}") from error
        file.write_text(json.dumps(whole))
    assert refused >= set(names) - {"result.json"}


@pytest.mark.parametrize(
    ("name", "field", "told"),
    [
        ("merge.json", "settings", "merge.json: field settings: expected 'object', got 'null'"),
        ("stats.json", "cap", "stats.json: field cap: expected 'object', got 'null'"),
        ("evaluation.json", "steps", "evaluation.json: field steps: expected 'object'"),
    ],
)
def test_the_field_is_named(tmp_path: Path, name: str, field: str, told: str) -> None:
    folder = merge_folder(tmp_path)
    tree = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**tree, field: None}))
    with pytest.raises(BadInputError) as problem:
        open_source(folder)
    assert told in str(problem.value)


def test_a_journal_s_line_without_a_step_is_named(tmp_path: Path) -> None:
    grid = grid_folder(tmp_path)
    with (grid / "row_0/training/metrics.jsonl").open("ab") as journal:
        journal.write(seal(b'{"time": 1.0, "attempt": 1}') + b"\n")
    with pytest.raises(BadInputError, match=r"metrics\.jsonl: line 7.*step"):
        open_source(grid)
