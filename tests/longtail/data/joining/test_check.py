"""Other files as a sweep remembers them, and what is asked for before anything is trained."""

from dataclasses import replace
from pathlib import Path

import pytest

from longtail.config.other_data.joined import JoinedFile
from longtail.config.stages import Stage
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.check import Pictures, check_other_data
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
    training = Pictures(open_annotations(train), train.parent)
    check_other_data(training, training, stage, [other], use_empty_images=False)
    (other.images / "y.png").write_bytes(b"")
    with pytest.raises(BadInputError, match="an empty file"):
        check_other_data(training, training, stage, [other], use_empty_images=False)


@pytest.mark.parametrize(
    "stage",
    [
        Stage(joined=(JoinedFile(file="other"),)),
        Stage(pseudo_labels=[{"name": "learn", "file": "other"}]),
    ],
)
def test_nothing_is_learned_from_pictures_that_are_evaluated(
    stage: Stage, train: Path, other: AlsoFile, caplog: pytest.LogCaptureFixture
) -> None:
    training = Pictures(open_annotations(train), train.parent)
    own = Pictures(other.annotations(), other.images)
    with pytest.raises(ValueError, match=r"--also other: 3 of its pictures are evaluated.*z\.png"):
        check_other_data(training, own, stage, [other], use_empty_images=False)
    elsewhere = replace(own, root=train.parent)
    check_other_data(training, elsewhere, stage, [other], use_empty_images=False)
    assert "shown twice" not in caplog.text
    check_other_data(own, training, stage, [other], use_empty_images=False)
    assert "other: 3 of its pictures are in the training file too" in caplog.text
