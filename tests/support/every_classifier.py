"""Every classifier of the configuration's union: one that joins it is tested with the others."""

from typing import Any, get_args

from longtail.config import classifiers as config
from longtail.config.base import config_classes

FEW: dict[str, dict[str, Any]] = {
    "federated": {"judged_categories": 2},
    "bags": {"others_per_member": 1},
}
"""Settings at which a classifier chooses among the few categories and RoIs of a test, by name."""


def single_classifiers(**settings: Any) -> dict[str, config.SingleClassifier]:
    """One of each kind by name; settings are for the kinds that have such a field."""
    kinds: list[Any] = config_classes(config.SingleClassifier)
    assert len(kinds) == len(get_args(get_args(config.SingleClassifier)[0]))
    return {
        kind().name: kind(
            **FEW.get(kind().name, {}),
            **{field: value for field, value in settings.items() if field in kind.model_fields},
        )
        for kind in kinds
    }
