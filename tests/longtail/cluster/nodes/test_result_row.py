"""Rows of finished results in a plan, and files whose labels are exhaustive."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.results.unread import Result

from longtail.cluster.nodes.node import Node, evaluation_node
from longtail.cluster.nodes.plan import DataFiles, Plan, Row, make_plan
from longtail.config.classifiers import Classifier, Double, Equalization, Federated, Sigmoid
from longtail.config.stages import Stage
from longtail.config.variant import Variant


def plan_of(data: DataFiles, *results: Result, variants: int = 0) -> Plan:
    rows = {"a": Variant()} if variants else {}
    return make_plan(rows, (0,), data, results=results)


def test_an_evaluation_keeps_the_identity_it_had_before_labels_could_be_exhaustive() -> None:
    predictions = Node("predictions", "p", {}, {"images": "b" * 64}, 0)
    evaluation = evaluation_node("a", "b" * 64, predictions)
    assert evaluation.id == "evaluation-9733a5b56156"
    assert evaluation_node("a", "b" * 64, predictions, exhaustive=True).id != evaluation.id


def rows_before_and_after(data: DataFiles, classifier: Classifier) -> tuple[Row, Row]:
    variants = {"a": Variant(stages=(Stage(classifier=classifier),))}
    plans = (make_plan(variants, (0,), of) for of in (data, replace(data, exhaustive=True)))
    before, after = (plan.rows[0] for plan in plans)
    return before, after


@pytest.mark.parametrize("classifier", [Sigmoid(), Equalization(form="cvpr"), Federated()])
def test_exhaustive_labels_change_evaluations_alone(
    data: DataFiles, classifier: Classifier
) -> None:
    before, after = rows_before_and_after(data, classifier)
    assert before.predictions.id == after.predictions.id
    assert before.evaluation.id != after.evaluation.id


@pytest.mark.parametrize("classifier", [Equalization(), Federated(keep_verified=True)])
def test_exhaustive_labels_change_trainings_that_learn_from_absent_categories(
    data: DataFiles, classifier: Classifier
) -> None:
    before, after = rows_before_and_after(data, classifier)
    assert before.stages[0].id != after.stages[0].id


def test_two_classifiers_learn_from_absent_categories_if_one_does() -> None:
    assert Double(second=Equalization()).reads_verified
    assert not Double(second=Sigmoid()).reads_verified


def test_a_result_is_named_by_its_content_and_not_by_its_path_or_name(data: DataFiles) -> None:
    (row,) = plan_of(data, Result("old", "c" * 64)).results
    (moved,) = plan_of(data, Result("new", "c" * 64, Path("moved.json"))).results
    (changed,) = plan_of(data, Result("old", "d" * 64)).results
    (scaled,) = plan_of(data, Result("old", "c" * 64, options={"max_score": 100.0})).results
    assert [node.id for node in row.nodes()] == [node.id for node in moved.nodes()]
    assert len({of.evaluation.id for of in (row, changed, scaled)}) == 3


def test_results_stand_below_variants_and_make_another_table(data: DataFiles) -> None:
    alone, both = plan_of(data, variants=1), plan_of(data, Result("old", "c" * 64), variants=1)
    assert [row.name for row in both.all_rows] == ["a", "old"]
    assert both.rows == alone.rows and both.id != alone.id
    assert len(both.nodes()) == len(alone.nodes()) + 2


def test_the_same_detections_under_two_names_are_refused(data: DataFiles) -> None:
    with pytest.raises(ValueError, match="--pred one and two are the same detections"):
        plan_of(data, Result("one", "c" * 64), Result("two", "c" * 64))
