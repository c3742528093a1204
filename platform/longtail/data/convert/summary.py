"""What a conversion made, as text of 80 columns: counts, changes, what to type next."""

import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path

from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.data.convert.coco import Converted, Request
from longtail.data.convert.findings import Change
from longtail.data.convert.frequency import Limits
from longtail.data.convert.lvis_file import LvisSet
from longtail.path_options import short_path
from longtail.printed_table import PrintedTable, number_columns, word_columns

COLUMNS = 80


def files_table(converted: Converted, paths: Sequence[Path]) -> PrintedTable:
    """Images and instances of each new file."""
    counted = number_columns("images", "empty", "instances", "box only")
    table = PrintedTable("", [*word_columns("file"), *counted])
    for path, file in zip(paths, converted.files, strict=True):
        empty = sum(not found for found in file.labels().values())
        box_only = sum(not instance.has_mask for instance in file.instances)
        numbers = len(file.images), empty, len(file.instances), box_only
        table.add(path.name, *map(str, numbers))
    return table


def groups_table(converted: Converted) -> PrintedTable:
    """The frequency groups: categories, and instances in each file."""
    names = ["train", "val"] if len(converted.files) > 1 else ["here"]
    instances = [f"instances {name}" for name in names]
    counted = number_columns("training images", "categories", *instances)
    table = PrintedTable("", [*word_columns("group"), *counted])
    for letter in FREQUENCY_GROUPS:
        counts = converted.files[0].counts
        members = {category for category, count in counts.items() if count.frequency == letter}
        held = [_instances_of(file, members) for file in converted.files]
        bounds = _bounds(letter, converted.limits)
        table.add(GROUP_NAMES[letter], bounds, str(len(members)), *map(str, held))
    return table


def changes_text(changes: Sequence[Change]) -> str:
    """One paragraph a kind: how many records, what became of them, the first few."""
    paragraphs = []
    for change in changes:
        more = ", ..." if change.count > len(change.examples) else ""
        text = f"{change.count} x {change.what} [{', '.join(change.examples)}{more}]"
        paragraphs.append(wrapped(text))
    return "\n".join(paragraphs)


def limits_hint(converted: Converted) -> str | None:
    """Which limits would give three groups, if those that were taken do not."""
    limits, suited = converted.limits, converted.suggested
    held = {count.frequency for count in converted.files[0].counts.values() if count.image_count}
    if limits is None or len(held) == len(FREQUENCY_GROUPS):
        return None
    groups = " and ".join(GROUP_NAMES[letter] for letter in FREQUENCY_GROUPS if letter in held)
    found = f"hint: with these limits the categories are all {groups or 'without an instance'}."
    if suited is None:
        return wrapped(f"{found} Their numbers of images are too alike for three groups.")
    return wrapped(
        f"{found} --frequency-limits {suited.rare},{suited.common} (or thirds) puts about a third"
        " of them into each group."
    )


def mixed_warning(converted: Converted, paths: Sequence[Path]) -> str | None:
    """That some instances have a mask and some do not, which masks cannot be evaluated with."""
    mixed = [
        short_path(path)
        for path, file in zip(paths, converted.files, strict=True)
        if len({instance.has_mask for instance in file.instances}) > 1
    ]
    if not mixed:
        return None
    return wrapped(
        f"warning: in {' and '.join(mixed)} some instances have a mask and some a box only:"
        " training takes that, evaluation of masks refuses it. Outline the boxes, or take the"
        " masks out."
    )


def next_commands(request: Request, paths: Sequence[Path], unfit: Sequence[Path]) -> list[str]:
    """What to type next, after files of which some are unfit for training or evaluation."""
    pictures = ["--images", _typed(request.images) if request.images else "DIR"]
    lines = [
        _command(["python", "-m", "longtail.data.check", _typed(path), *pictures]) for path in unfit
    ]
    train = request.counts_of or paths[0]
    if len(paths) == 1 and request.counts_of is None:
        convert = ["python", "-m", "longtail.data.convert", "coco", "VAL", "val.json"]
        lines.append(_command([*convert, "--counts-of", _typed(train)]))
        val = "val.json"
    else:
        val = _typed(paths[-1])
    lines.append(
        _command(["experiments/grid.py", "--train", _typed(train), "--val", val, *pictures])
    )
    return lines


def _instances_of(file: LvisSet, members: set[int]) -> int:
    return sum(instance.category_id in members for instance in file.instances)


def _bounds(letter: str, limits: Limits | None) -> str:
    if limits is None:
        return "as in training"
    bounds = {
        "r": f"up to {limits.rare}",
        "c": f"{limits.rare + 1} to {limits.common}",
        "f": f"over {limits.common}",
    }
    return bounds[letter]


def _typed(path: Path) -> str:
    return shlex.quote(short_path(path))


def _command(words: Sequence[str]) -> str:
    """A command in lines of at most 80 columns where its words allow that."""
    first, *others = _options(words)
    lines = [first]
    for option in others:
        if len(lines[-1]) + len(option) > COLUMNS - 5:
            lines.append(f"    {option}")
        else:
            lines[-1] += f" {option}"
    return " \\\n".join(lines)


def _options(words: Sequence[str]) -> list[str]:
    """Words, each option with its value."""
    options: list[str] = []
    for word in words:
        if options and options[-1].startswith("-") and " " not in options[-1]:
            options[-1] += f" {word}"
        else:
            options.append(word)
    return options


def wrapped(text: str) -> str:
    """A paragraph of 80 columns."""
    return textwrap.fill(text, COLUMNS, subsequent_indent="  ", break_on_hyphens=False)
