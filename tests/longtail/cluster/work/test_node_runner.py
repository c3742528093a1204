"""What a node's work is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.work.node_runner import NodeRunner
from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference, Variant
from longtail.predictions.store import Source


@pytest.mark.parametrize("exhaustive", [False, True])
def test_a_training_is_told_whether_labels_are_exhaustive(
    exhaustive: bool, plan: Plan, tmp_path: Path
) -> None:
    told: list[Any] = []

    def run(work: Any) -> None:
        _, on_worker = work.args
        told.extend(on_worker.args[0])

    judged = replace(plan, data=replace(plan.data, exhaustive=exhaustive))
    node = judged.rows[0].stages[0]
    # Nothing is trained, so there is no checkpoint at the end.
    failures = NodeRunner(judged, tmp_path, run, 0, {"versions": {}, "git": ""}).do([node])
    assert list(failures) == [node.id]
    assert [job.exhaustive for job in told] == [exhaustive]


def test_a_view_is_told_its_settings_and_the_union_its_views(
    data: DataFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    # Nothing was trained.
    unread = "longtail.cluster.work.node_runner.final_checkpoint"
    monkeypatch.setattr(unread, lambda directory, step: directory)

    def run(work: Any) -> None:
        _, on_worker = work.args
        told.extend(on_worker.args)

    scales = ViewScale(short_side=600), ViewScale(short_side=800)
    variant = Variant(inference=Inference(tta=TTA(scales=scales)))
    plan = make_plan({"a": variant}, (0,), data)
    (row,) = plan.rows
    runner = NodeRunner(plan, tmp_path, run, 0, {"versions": {}, "git": ""})
    for node in (row.views[1], row.predictions):
        # Nothing is predicted, so the store is never finished.
        with pytest.raises(ValueError, match="not written yet"):
            runner.do([node])
    view, union = told
    assert view.variant.inference == Inference(short_side=600, flip=True)
    assert view.source == Source("a, 600 flipped", row.views[1].id, 600, flip=True)
    assert view.views == ()
    assert union.variant.inference == variant.inference
    assert union.source == Source("a", row.predictions.id, None, flip=True)
    assert union.views == tuple(node_directory(tmp_path, of) / "predictions" for of in row.views)
