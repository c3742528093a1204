"""Flags that are declared, not computed: they change what is allowed, never what is trained."""

import pytest

from longtail.cluster.nodes.node import predictions_node, stage_node
from longtail.config.base import parse_assignments
from longtail.config.detector import Detector
from longtail.config.roi_stages import HybridTaskCascade, semantic_branch_of
from longtail.config.variant import Variant


@pytest.mark.parametrize("rules", ["none", "2019", "2020"])
def test_only_the_rules_of_2020_refuse_external_data(rules: str) -> None:
    assert Variant().override({"rules": rules}).rules == rules
    changes = {"rules": rules, "external_data": True}
    if rules != "2020":
        assert Variant().override(changes).external_data
        return
    with pytest.raises(ValueError, match=r"external_data: true, but rules 2020 .*set rules=2019"):
        Variant().override(changes)


def test_a_year_on_the_command_line_is_no_number() -> None:
    assert Variant().override(parse_assignments(("rules=2020",))).rules == "2020"


@pytest.mark.parametrize("value", ["2021", 2021, True, 2020.0])
def test_other_rules_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="rules: Input should be 'none', '2019' or '2020'"):
        Variant().override({"rules": value})


@pytest.mark.parametrize("change", [{"external_data": True}, {"rules": "2020"}])
def test_no_node_changes_its_identity(change: dict[str, object]) -> None:
    def ids(variant: Variant) -> tuple[str, str]:
        stage = stage_node(variant, 0, "a", {}, None)
        return stage.id, predictions_node(variant.inference, "a", "b" * 64, stage).id

    changed = Variant().override(change)
    assert changed != Variant()
    assert ids(changed) == ids(Variant())


SEMANTIC = {"roi_stages": "htc", "roi_stages.semantic": {"num_categories": 201}}


def test_a_semantic_branch_is_declared_as_external_data() -> None:
    with pytest.raises(ValueError, match=r"external_data: false, .*set external_data=true, or"):
        Variant().override(SEMANTIC)
    declared = Variant().override({**SEMANTIC, "external_data": True, "rules": "2019"})
    branch = semantic_branch_of(declared.detector.roi_stages)
    assert branch is not None and branch.num_categories == 201


@pytest.mark.parametrize("external_data", [True, False])
def test_the_rules_of_2020_refuse_a_semantic_branch(external_data: bool) -> None:
    words = r"detector\.roi_stages\.semantic: .*rules 2020 .*roi_stages\.semantic=null"
    with pytest.raises(ValueError, match=words):
        Variant().override({**SEMANTIC, "external_data": external_data, "rules": "2020"})


def test_global_context_is_no_external_data() -> None:
    changes = {"roi_stages": "htc", "roi_stages.global_context": {}, "rules": "2020"}
    assert Variant().override(changes).rules == "2020"


def test_nodes_without_a_branch_keep_their_names() -> None:
    tree = Variant(detector=Detector(roi_stages=HybridTaskCascade())).named_tree()
    assert not {"semantic", "global_context"} & tree["detector"]["roi_stages"].keys()
    assert not {"semantic", "image_labels"} & tree["stages"][0]["loss_weights"].keys()
