"""All that a stage learns from besides the training file."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from longtail.config.stages import Stage
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.ignore_boxes import BoxesOfFile, open_ignore_boxes
from longtail.data.joining.ignored import Ignored
from longtail.data.joining.images import JoinedImages, open_joined
from longtail.data.lvis.annotations import Annotations


@dataclass(frozen=True, eq=False)
class OtherData:
    """Open files in the order of the configuration.

    Attributes:
        joined: Those whose images are learned from.
        ignored: Those whose boxes are ignored.
    """

    joined: tuple[JoinedImages, ...] = ()
    ignored: tuple[BoxesOfFile, ...] = ()

    def ignored_in(self, i: int) -> Ignored:
        """The ignore boxes of training image i."""
        return Ignored.joined([Ignored.none(), *(file.of_image(i) for file in self.ignored)])


NO_OTHER_DATA = OtherData()


def open_other_data(
    training: Annotations, stage: Stage, files: Iterable[AlsoFile], use_empty_images: bool
) -> OtherData:
    """Open the files that a stage names.

    Args:
        training: The training file.
        stage: Says which, and what for.
        files: At least those that it names, and those of its pseudo-labels.
        use_empty_images: Whether images without instances are used.

    Raises:
        ValueError: A file is not given, or has too few images.
        BadInputError: A file cannot be used, or has nothing in common with the training file.
    """
    given = {file.name: file for file in files}
    require_given("stage", stage, given)
    return OtherData(
        tuple(
            open_joined(
                training.categories,
                item,
                given[item.file],
                use_empty_images,
                at_most=item not in stage.joined,
            )
            for item in stage.all_joined
        ),
        tuple(open_ignore_boxes(training, item, given[item.file]) for item in stage.all_ignored),
    )


def require_given(
    path: str, stage: Stage, given: Collection[str], where_from: Mapping[str, str] | None = None
) -> None:
    """Refuse a stage that names a file which is not given.

    Args:
        path: Of the stage, for the error text.
        stage: Its `joined`, `ignore` and `pseudo_labels`.
        given: Names.
        where_from: How to get files of reports, by name.

    Raises:
        ValueError: It does.
    """
    for field, name in not_given(stage, given):
        raise ValueError(
            f"{path}.{field}: the file {name} is not given; add"
            f" {how_to_give(field, name, where_from or {})}"
        )


def not_given(stage: Stage, given: Collection[str]) -> list[tuple[str, str]]:
    """The files that a stage names and that are not given, each with the field that names it."""
    named = {
        "joined": [item.file for item in stage.joined],
        "ignore": [item.file for item in stage.ignore],
        "pseudo_labels": stage.files,
    }
    return [(field, name) for field, names in named.items() for name in names if name not in given]


def how_to_give(field: str, name: str, where_from: Mapping[str, str]) -> str:
    """The option that gives a file, and where it comes from if that is known.

    Args:
        field: Of the stage, which names it.
        name: Of the file.
        where_from: How to get files of reports, by name.
    """
    folder = "" if field == "ignore" else ",images=FOLDER"
    how = where_from.get(name)
    return f"--also {name}=FILE{folder}" + (f", {how}" if how else "")
