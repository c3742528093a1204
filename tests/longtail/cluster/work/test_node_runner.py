"""What a node's work is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longtail.cluster.nodes.plan import Plan
from longtail.cluster.work.node_runner import NodeRunner


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
