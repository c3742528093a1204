"""What is said where detectron2 cannot be imported."""

import pytest

from longtail.engines.optional import needs_detectron2


def test_absence_is_told_with_both_remedies() -> None:
    with (
        pytest.raises(ValueError, match="a thing: detectron2 is not installed") as caught,
        needs_detectron2("a thing", "do without"),
    ):
        raise ModuleNotFoundError("No module named 'detectron2'", name="detectron2")
    assert "--no-build-isolation and setuptools<82" in str(caught.value)
    assert str(caught.value).endswith(", or do without")


def test_a_library_that_detectron2_needs_is_not_taken_for_detectron2() -> None:
    with (
        pytest.raises(ValueError, match="cannot be imported: No module named 'fvcore'"),
        needs_detectron2("a thing", "do without"),
    ):
        raise ModuleNotFoundError("No module named 'fvcore'", name="fvcore")


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="mine"), needs_detectron2("a thing", "do without"):
        raise ValueError("mine")
