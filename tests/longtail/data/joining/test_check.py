"""Other files as a sweep remembers them, and what is asked for before anything is trained."""

from dataclasses import replace
from pathlib import Path

import pytest

from longtail.config.stages import Stage
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.check import check_other_data
from longtail.data.lvis.annotations import open_annotations
from longtail.problems import BadInputError


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("exhaustive", [False, True])
def test_a_file_is_recalled_by_its_identity(
    other: AlsoFile, by_name: bool, exhaustive: bool
) -> None:
    opened = replace(other, by_name=by_name).opened()
    opened = replace(opened, exhaustive=exhaustive)
    found = AlsoFile.recalled("other", opened.identity)
    assert found.identity == opened.identity
    assert (found.digest, found.by_name, found.exhaustive) == (opened.digest, by_name, exhaustive)


def test_pictures_that_are_to_be_labelled_are_looked_at(train: Path, other: AlsoFile) -> None:
    stage = Stage(pseudo_labels=[{"name": "learn", "file": "other"}])
    training = open_annotations(train)
    check_other_data(training, stage, [other], use_empty_images=False)
    (other.images / "y.png").write_bytes(b"")
    with pytest.raises(BadInputError, match="an empty file"):
        check_other_data(training, stage, [other], use_empty_images=False)
