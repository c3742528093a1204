"""Errors name what was given: whole names, and nothing of what lies within a copy."""

from pathlib import Path

import pytest

from longtail.predictions.working_copies import told_as_given
from longtail.problems import BadInputError
from longtail.sealed import DamagedError

GIVEN = {
    Path("/copies/x1/a"): Path("/data/\\1 one.json"),
    Path("/copies/x1/ann.json"): Path("val.json"),
}


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("/copies/x1/a: bad", "/data/\\1 one.json: bad"),
        ("/copies/x1/a/part0/manifest.json is missing", "/data/\\1 one.json is missing"),
        (
            "/copies/x1/a/part0 is not of /copies/x1/ann.json.",
            "/data/\\1 one.json is not of val.json.",
        ),
        ("see /copies/x1/a.", "see /data/\\1 one.json."),
        ("/copies/x1/a.b and /copies/x1/ab: bad", "/copies/x1/a.b and /copies/x1/ab: bad"),
    ],
)
def test_a_working_copy_is_told_as_what_was_given(raised: str, told: str) -> None:
    with pytest.raises(BadInputError) as error, told_as_given(GIVEN):
        raise BadInputError(raised)
    assert str(error.value) == told


def test_the_kind_of_an_error_stays_and_others_pass() -> None:
    with pytest.raises(DamagedError, match=r"^val\.json: damaged$"), told_as_given(GIVEN):
        raise DamagedError("/copies/x1/ann.json: damaged")
    with pytest.raises(ValueError, match=r"^/copies/x1/a: bad$"), told_as_given(GIVEN):
        raise ValueError("/copies/x1/a: bad")
