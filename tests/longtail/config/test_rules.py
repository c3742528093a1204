"""Flags that are declared, not computed: they change what is allowed, never what is trained."""

import pytest

from longtail.cluster.nodes.node import predictions_node, stage_node
from longtail.config.base import parse_assignments
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
