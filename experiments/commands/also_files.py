"""The words of `--also`: further annotation files that variants learn from, by name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.data.joining.also_file import AlsoFile
from longtail.path_options import shared_path
from longtail.problems import BadInputError

FORM = "NAME=FILE[,images=FOLDER][,by=name][,exhaustive]"
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"


def parse_also(words: Sequence[str], images: Path | None) -> tuple[AlsoFile, ...]:
    """The files, not opened yet, in the order of the words.

    Args:
        words: Each of the form that the help tells.
        images: Folder of the pictures of files that name none: that of the training file.

    Raises:
        ValueError: A word of another form, a name used twice, or a path that a submitted job cannot
            find.
        BadInputError: A file or folder is not there.
    """
    files = tuple(_file(word, images) for word in words)
    names = [file.name for file in files]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"--also {twice[0]}: two files of one name; give one of them another")
    return files


def check_used(variants: Iterable[Variant], words: Sequence[str]) -> None:
    """Refuse files that no variant learns from.

    Raises:
        ValueError: The first one.
    """
    used = {name for variant in variants for stage in variant.stages for name in stage.files}
    for word in words:
        name, equals, _ = word.partition("=")
        if equals and name not in used:
            raise ValueError(
                f"--also {name}: nothing learns from it; leave it out, or name it in a stage:"
                f' --set \'stages.0.joined=[{{"file": "{name}"}}]\' --set external_data=true'
            )


def stages_with_files(variants: Mapping[str, Variant]) -> dict[str, tuple[Variant, Stage]]:
    """Of all stages those that name other files, each kind once, by where the first one is."""
    found: dict[str, tuple[Variant, Stage]] = {}
    seen = set()
    for name, variant in variants.items():
        for number, stage in enumerate(variant.stages):
            key = repr((stage.joined, stage.ignore, variant.data))
            if stage.files and key not in seen:
                seen.add(key)
                found[f"{name}: stages.{number}"] = variant, stage
    return found


def _file(word: str, images: Path | None) -> AlsoFile:
    name, equals, rest = word.partition("=")
    path, *options = rest.split(",")
    if not equals or not path or not re.fullmatch(NAME, name):
        raise ValueError(f"--also {word}: give {FORM}; a name has letters, digits and _ . -")
    folder, by_name, exhaustive = images, False, False
    for option in options:
        key, _, value = option.partition("=")
        if key == "images" and value:
            folder = shared_path(Path(value))
        elif option == "by=name":
            by_name = True
        elif option == "exhaustive":
            exhaustive = True
        else:
            raise ValueError(
                f"--also {word}: {option!r} is none of images=FOLDER, by=name and exhaustive"
            )
    file = shared_path(Path(path))
    for place, is_there in ((file, file.is_file()), (folder, folder is None or folder.is_dir())):
        if not is_there:
            raise BadInputError(
                f"--also {name}: {place} is not there; give the path of a file in LVIS format, and"
                " images=FOLDER where its pictures are not those of --images"
            )
    return AlsoFile(name, file, folder or file.parent, by_name, exhaustive)
