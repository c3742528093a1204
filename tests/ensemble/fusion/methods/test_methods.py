"""The family of fusion methods: what goes by it, and that another member needs its value only."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.commands.default_options import default_options
from support.merge_folder import Folder
from support.places import ROOT

from ensemble.fusion.choices import MethodSettings
from ensemble.fusion.methods import METHODS
from ensemble.fusion.methods.method import FusionMethod
from ensemble.fusion.sorted_rows import FoundClusters, SortedRows
from ensemble.merge import main
from ensemble.merging.options import defaults_text, settings_of, titles_text
from ensemble.merging.request import Request
from ensemble.merging.shards import merged_blocks
from ensemble.merging.statistics import MergeStatistics
from ensemble.sources.open import open_source
from ensemble.sources.spec import parse_sources
from ensemble.tuning.objective.space import Space


def _run(rows: SortedRows, settings: MethodSettings) -> FoundClusters:
    """The best row of each group that is over the threshold as a score."""
    first = rows.starts[:-1][np.diff(rows.starts) > 0]
    first = first[rows.scores[first] > settings.iou_thr]
    cluster_of = np.full(len(rows.scores), -1)
    cluster_of[first] = np.arange(len(first))
    return FoundClusters(first, rows.scores[first], rows.boxes[first], cluster_of)


TOY = FusionMethod(
    name="best-only",
    title="the best detection",
    run=_run,
    parameters=lambda _: frozenset({"iou_thr"}),
    default_iou_threshold=0.25,
    may_vote=False,
)


@pytest.fixture
def with_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, TOY.name, TOY)


def test_another_method_merges(with_toy: None, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    specs = parse_sources([f"a={tmp_path / 'a.json'}", f"b={tmp_path / 'b.json'}"])
    settings, resolved = settings_of(default_options() | {"method": TOY.name}, len(specs))
    assert (settings.fusion.iou_thr, settings.fusion.mask) == (0.25, "best")
    request = Request(specs, folder.ann, settings, resolved)
    images, categories = request.read_annotations()
    opened = [open_source(spec, images, categories, tmp_path / "opened") for spec in specs]
    plan = request.plan(images, categories, opened)
    (columns,) = merged_blocks(plan, MergeStatistics(plan.names))
    best: dict[tuple[int, int], float] = {}
    for name in "ab":
        for record in json.loads((tmp_path / f"{name}.json").read_text()):
            key = record["image_id"], record["category_id"]
            best[key] = max(best.get(key, 0.0), record["score"])
    found = zip(columns.image_id.tolist(), columns.category_id.tolist(), strict=True)
    expected = {key: score for key, score in best.items() if score > 0.25}
    assert dict(zip(found, columns.score.tolist(), strict=True)) == pytest.approx(expected)


def test_another_method_is_searched(with_toy: None) -> None:
    options = default_options() | {"method": TOY.name, "mask": None}
    specs = parse_sources(["a=a.json", "b=b.json"])
    space = Space(options, specs, frozenset({"method", "iou"}), ("nms", TOY.name), ("none",))
    space.check()
    assert {*space.distributions()} == {"method", "iou_thr"}
    assert not space.may_vote
    with pytest.raises(ValueError, match="--mask vote with --method best-only"):
        settings_of(options | {"mask": "vote"}, 2)


def test_a_method_names_another_for_one_source_only_if_there_is_one() -> None:
    alone = {name: method.for_one_source for name, method in METHODS.items()}
    assert alone == {"nms": None, "soft-nms": None, "wbf": "nms", "nms+soft-nms": None}
    assert settings_of(default_options() | {"method": "wbf"}, 1)[1]["iou_thr"] == 0.5


def test_help_texts_go_by_the_methods(with_toy: None) -> None:
    assert titles_text() == (
        "hard NMS, soft-NMS, weighted boxes fusion, NMS and then soft-NMS, or the best detection"
    )
    thresholds = {name: method.default_iou_threshold for name, method in METHODS.items()}
    assert defaults_text(thresholds) == "0.55 for wbf, 0.25 for best-only, 0.5 otherwise"
    assert defaults_text({"nms": 0.5}) == "0.5"


def test_the_command_offers_every_method() -> None:
    (option,) = [p for p in main.params if p.name == "method"]
    assert [*option.type.to_info_dict()["choices"]] == [*METHODS]


def test_usage_texts_need_no_numbers() -> None:
    code = (
        "import sys; from ensemble.fusion.methods import METHODS; import ensemble.merge;"
        "import ensemble.tune; print({'numpy', 'numba', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
