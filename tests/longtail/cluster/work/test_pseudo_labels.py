"""The node of pseudo-labels, of predictions that are there already."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.pictures.lvis_files import box, category, image, square, write_lvis

from longtail.cluster.nodes.ledger import read_result
from longtail.cluster.nodes.plan import DataFiles, Row, make_plan
from longtail.cluster.work.pseudo_labels import Labelling, make_pseudo_labels
from longtail.config.other_data.pseudo_labels import LearnedPseudoLabels
from longtail.config.stages import Stage
from longtail.config.variant import Inference, Variant
from longtail.data.joining.also_file import AlsoFile
from longtail.data.lvis.annotations import open_annotations
from longtail.inference.job import image_set
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import Source, StoreWriter


@pytest.fixture
def files(tmp_path: Path) -> DataFiles:
    rare = [category(1, "cat.n.01")]
    train = write_lvis(
        tmp_path / "t" / "t.json", [image(1, "a.png")], [square(1, 1, 0, 0, 9)], rare
    )
    web = write_lvis(tmp_path / "w" / "w.json", [image(7, "b.png")], [box(7, 1, 0, 0, 5, 5)], rare)
    also = AlsoFile("web", web, web.parent, digest="d" * 64)
    return DataFiles(train, train, train.parent, "a" * 64, "b" * 64, also=(also,))


def row_of(files: DataFiles, **changes: Any) -> Row:
    labels = LearnedPseudoLabels(file="web").replace(**changes)
    variant = Variant(stages=(Stage(), Stage(pseudo_labels=(labels, "ignore"))))
    return make_plan({"a": variant}, (0,), files).rows[0]


def found(score: float, images: Any) -> Any:
    boxes = np.array([[2.0, 3, 10, 8]])
    columns = DetectionColumns.empty()
    one = {
        "image_id": np.array([7]),
        "category_id": np.array([1]),
        "score": np.array([score]),
        "score_mask": np.array([score]),
        "boxes": boxes,
        "heights": np.array([40]),
        "widths": np.array([60]),
        "counts_offsets": np.zeros(2, np.int64),
    }
    return replace(columns, **one)


def labelling(files: DataFiles, directory: Path, score: float) -> Labelling:
    """Of a teacher that found one cat in the picture."""
    row = row_of(files)
    images = open_annotations(files.also[0].path)
    writer = StoreWriter(directory / "predictions", image_set(images), Source("a"))
    writer.write_shard(0, [found(score, images)])
    writer.finish()
    return Labelling(
        node=row.pseudo_labels[0],
        labels=row.variant.stages[1].pseudo_labels[0],
        variant=row.variant,
        stage=0,
        checkpoint=directory,
        data=files,
        directory=directory,
        loader_processes=0,
    )


def never(work: Any) -> Any:
    raise AssertionError("the predictions are there")


def test_the_node_is_finished_with_a_file_that_says_where_it_comes_from(
    files: DataFiles, tmp_path: Path
) -> None:
    of = labelling(files, tmp_path / "node", score=0.9)
    make_pseudo_labels(of, never)
    summary = read_result(tmp_path / "node")
    assert summary is not None
    assert (summary["kept_images"], summary["kept_labels"]) == (1, 1)
    tree = json.loads((tmp_path / "node" / "pseudo_labels.json").read_text())
    told = tree["info"]["pseudo_labels"]
    assert told["stage"] == of.node.parents[0].id and told["node"] == of.node.id
    assert (told["images"], told["min_score"]) == ("d" * 64, 0.8)


def test_a_teacher_that_is_sure_of_nothing_is_told_with_its_best_score(
    files: DataFiles, tmp_path: Path
) -> None:
    of = labelling(files, tmp_path / "node", score=0.625)
    with pytest.raises(ValueError, match=r"min_score 0\.8 \(the best score is 0\.625\); lower min"):
        make_pseudo_labels(of, never)
    assert read_result(tmp_path / "node") is None


def test_the_stage_waits_for_its_labels_and_they_for_their_teacher(files: DataFiles) -> None:
    row = row_of(files)
    learned, ignored = row.pseudo_labels
    assert row.stages[1].parents == (row.stages[0], learned, ignored)
    assert learned.parents == ignored.parents == (row.stages[0],)
    kinds = [node.kind for node in row.nodes()]
    assert kinds == ["stage", *["pseudo_labels"] * 2, "stage", "predictions", "evaluation"]
    assert row.before_last_stage() == (row.stages[0], learned, ignored)
    assert learned.inputs["images"] == "d" * 64 and ignored.inputs["images"] == "a" * 64


def test_how_labels_are_learned_from_changes_the_stage_and_not_the_labels(
    files: DataFiles,
) -> None:
    plain, lighter = row_of(files), row_of(files, loss_weight=0.25)
    assert plain.pseudo_labels == lighter.pseudo_labels
    assert plain.stages[0] == lighter.stages[0] and plain.stages[1].id != lighter.stages[1].id
    stricter = row_of(files, min_score=0.9)
    assert plain.pseudo_labels[0].id != stricter.pseudo_labels[0].id
    assert plain.pseudo_labels[1].id == stricter.pseudo_labels[1].id
    assert plain.stages[1].id != stricter.stages[1].id


def test_test_time_settings_change_no_labels(files: DataFiles) -> None:
    variant = row_of(files).variant.replace(inference=Inference(short_side=400))
    (row,) = make_plan({"a": variant}, (0,), files).rows
    assert row.pseudo_labels == row_of(files).pseudo_labels
