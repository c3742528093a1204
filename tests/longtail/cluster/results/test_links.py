"""Names for people beside the hashes."""

import json
from pathlib import Path

from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.settings import WorkerResources
from longtail.cluster.nodes.statuses import look_up
from longtail.cluster.results.named_results import row_directory, write_links


def test_rows_are_linked_by_name_and_listed_in_a_table(plan: Plan, tmp_path: Path) -> None:
    first = plan.rows[0]
    predictions = node_directory(tmp_path, first.predictions) / "predictions"
    predictions.mkdir(parents=True)
    (predictions / "manifest.json").write_text("{}")
    evaluation = node_directory(tmp_path, first.evaluation)
    evaluation.mkdir(parents=True)
    intervals = {"segm": {"metrics": {"AP": {"value": 0.5, "low": 0.4, "high": 0.6}}}}
    (evaluation / "evaluation.json").write_text(json.dumps({"intervals": intervals}))
    finish(evaluation, [evaluation / "evaluation.json"], {"AP": 0.5})
    reported: dict[str, str | float] = {"source": "Table 2", "AP": 0.228}
    for _ in range(2):
        grid = write_links(
            plan,
            look_up(plan, tmp_path),
            tmp_path,
            "a, b",
            "x",
            reported={"eql": reported},
            resources=WorkerResources(2, 1, 0.5),
            left_out={"coco": "coco.pt"},
        )
    assert grid == tmp_path / "grids" / "a_b"
    link = row_directory(grid, first) / "predictions"
    assert link.is_symlink() and not Path(link.readlink()).is_absolute()
    assert (link / "manifest.json").exists()
    table = json.loads((grid / "table.json").read_text())
    assert table == {
        "grid": plan.id,
        "experiment": "x",
        "data": {
            "val": str(plan.data.val),
            "images": str(plan.data.images),
            "exhaustive": plan.data.exhaustive,
        },
        "resources": {"workers": 2, "cpus": 1, "gpus": 0.5},
        "rows": {"sigmoid": {"AP": 0.5}, "eql": None},
        "intervals": {"sigmoid": intervals},
        "differences": [],
        "seeds": {},
        "reported": {"eql": reported},
        "left_out": {"coco": "coco.pt"},
    }
