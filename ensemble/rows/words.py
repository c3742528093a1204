"""The words that ask for a merge as a row: NAME=ROW+ROW[,key=value...], NAME=FILE.yaml.

A member is the name of a row, ROW@SEED for one of its seeds; in a file it is written as a source of
`ensemble.merge`, NAME=ROW[,weight=W...], whose path is the row's name or its `predictions` folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ensemble.calibration.file import Calibration
from ensemble.merging.config_file import read_merge_file
from ensemble.merging.options import settings_of
from ensemble.rows.half_maps import HalfMaps
from ensemble.rows.keys import (
    CALIBRATE,
    KIND,
    MAP_KEYS,
    ONLY,
    OTHER_KEYS,
    ROW_KEYS,
    check_keys,
    seed_of,
    typed_options,
)
from ensemble.rows.merged_row import MergedRow, RowSource
from ensemble.sources.spec import NAME, SourceSpec, parse_sources
from longtail.path_options import shared_path

ENDINGS = (".yaml", ".yml")
STORE = "predictions"
OF_GROUPS = "leave_out_absent"
"""The key whose value may have commas."""
OF_THE_ROW = ("categories", "max_score")
"""Options of a source that say what its file means, which is said where the row is named."""


def parse_merge(word: str) -> tuple[str, list[str], dict[str, Any]]:
    """Read a word of `--merge`.

    Returns:
        The row's name, the words of its members, and its keys.

    Raises:
        ValueError: It fits none of the forms.
        BadInputError: The file cannot be read.
    """
    first, *rest = word.split(",")
    name, equals, members = first.partition("=")
    if not equals and name.endswith(ENDINGS):
        name, members = Path(name).stem, name
    if not NAME.fullmatch(name) or not members:
        raise ValueError(
            f"--merge {word}: expected NAME=ROW+ROW[,key=value...] or NAME=FILE.yaml, a name of"
            " letters, digits, '.', '_' and '-'"
        )
    given = _given(name, rest)
    if members.endswith(ENDINGS):
        found, settings = read_members(shared_path(Path(members)))
        return name, found, {**settings, **given}
    return name, members.split("+"), given


def _given(name: str, options: Sequence[str]) -> dict[str, Any]:
    """Values by key; a word without a key goes on with a list of groups."""
    given: dict[str, Any] = {}
    key = ""
    for option in options:
        before, equals, value = option.partition("=")
        if not equals and key == OF_GROUPS:
            given[key] += f",{option}"
            continue
        if not equals or before in given:
            what = "is given twice" if equals else "expected key=value"
            raise ValueError(f"--merge {name}: {option!r}: {what}")
        key = before
        given[key] = value
    return given


def read_members(path: Path) -> tuple[list[str], dict[str, Any]]:
    """The members and keys of a merge.yaml whose sources are rows; what is not a row's to say is
    left out.

    Raises:
        BadInputError: It is no merge.yaml.
    """
    tree = read_merge_file(path, {*ROW_KEYS, *MAP_KEYS, *OTHER_KEYS})
    words = tree.get("pred", [])
    members = words if isinstance(words, list) else [str(words)]
    return members, {key: value for key, value in tree.items() if key not in OTHER_KEYS}


def merged_row(
    name: str, members: Sequence[str], given: Mapping[str, Any], categories: Mapping[str, str]
) -> MergedRow:
    """A merge as a row of a grid.

    Args:
        name: The row's.
        members: Words of its members.
        given: Its keys.
        categories: "coco" or the file with the categories of each row that is an expert's result.

    Raises:
        ValueError: The merge and what is wrong with it.
        BadInputError: A calibration file cannot be used.
    """
    try:
        sources = sorted((_source(word, categories) for word in members), key=_by_name)
        _check_different(sources)
        check_keys(given)
        return _with_options(name, sources, given)
    except ValueError as error:
        raise type(error)(f"merge {name}: {error}") from None


def _with_options(name: str, sources: Sequence[RowSource], given: Mapping[str, Any]) -> MergedRow:
    options = typed_options({key: given[key] for key in ROW_KEYS if key in given})
    settings, _ = settings_of(options, len(sources))
    if settings.calibration is not None:
        Calibration.load(settings.calibration)
    maps = None
    if CALIBRATE in given:
        only = tuple(_names(given.get(ONLY, ())))
        if unknown := [of for of in only if of not in {source.name for source in sources}]:
            raise ValueError(f"{ONLY}: {unknown[0]} is none of the members")
        maps = HalfMaps(given.get(KIND, "platt"), seed_of(given), tuple(sorted(only)))
    return MergedRow(name, tuple(sources), options, maps)


def _names(value: Any) -> list[str]:
    return value.split("+") if isinstance(value, str) else [*value]


def _by_name(source: RowSource) -> str:
    return source.name


def _source(word: str, categories: Mapping[str, str]) -> RowSource:
    """One member; see the head of the file."""
    first, comma, options = word.partition(",")
    name, equals, path = first.partition("=")
    row = path if equals else name
    row = Path(row).parent.name if Path(row).name == STORE else row
    row, at, text = row.partition("@")
    if at and not (text.isascii() and text.isdigit()):
        raise ValueError(f"member {word}: {text!r} is no seed; write ROW@0")
    seed = int(text) if at else None
    called = name if equals else row if seed is None else f"{row}-seed{seed}"
    if not NAME.fullmatch(row) or not NAME.fullmatch(called):
        raise ValueError(
            f"member {word!r}: expected ROW, ROW@SEED or NAME=ROW[,weight=W]; the sources of a"
            " merge.yaml of files are no rows: write rows in their places, such as"
            f" {called or 'a'}=ROW"
        )
    # The path is never read: the detections are those of the row's node.
    (spec,) = parse_sources([f"{called}=/{row}{comma}{options}"])
    usual = SourceSpec(called, spec.path)
    for option in OF_THE_ROW:
        if getattr(spec, option) != getattr(usual, option):
            raise ValueError(
                f"member {word}: {option}= belongs to --pred {row}=PATH; give it there"
            )
    return RowSource(row, seed, replace(spec, path=Path(row)), categories.get(row))


def _check_different(sources: Sequence[RowSource]) -> None:
    rows = [(source.row, source.seed) for source in sources]
    names = [source.name for source in sources]
    for row, seed in rows:
        if rows.count((row, seed)) > 1:
            raise ValueError(f"{row} is named twice; give it more weight instead, in a merge.yaml")
    if repeated := [of for of in names if names.count(of) > 1]:
        raise ValueError(f"two members are called {repeated[0]}")
