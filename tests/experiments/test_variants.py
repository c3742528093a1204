"""Every shipped variant is a valid configuration of its own."""

import pytest

from experiments.variants import TABLES, VARIANTS
from experiments.variants.scale import demo_scale
from longtail.config.variant import Variant


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_reloads_equal_from_its_json(name: str) -> None:
    variant = VARIANTS[name]
    assert Variant.model_validate_json(variant.model_dump_json()) == variant


def test_no_two_variants_are_the_same_configuration() -> None:
    fingerprints = {variant.fingerprint() for variant in VARIANTS.values()}
    small = {demo_scale(variant).fingerprint() for variant in VARIANTS.values()}
    assert len(fingerprints) == len(small) == len(VARIANTS)


@pytest.mark.parametrize("name", VARIANTS)
def test_demo_scale_keeps_the_techniques(name: str) -> None:
    full, small = VARIANTS[name], demo_scale(VARIANTS[name])
    for stage, shrunk in zip(full.stages, small.stages, strict=True):
        assert shrunk.classifier == stage.classifier
        assert shrunk.sampler.name == stage.sampler.name
        assert shrunk.loss_weights == stage.loss_weights
        assert shrunk.freeze == stage.freeze


def test_tables_name_existing_variants() -> None:
    assert all(name in VARIANTS for rows in TABLES.values() for name in rows)
