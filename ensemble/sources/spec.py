"""The words of `--pred`: a source's name, its files, and what is to be known of it.

A source is written NAME=PATH[,option=value...], in merge.yaml as on the command line.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ensemble.sources.category_map import COCO
from ensemble.sources.valid_area import EVERY_SIZE, ValidArea, shortest
from longtail.categories import FREQUENCY_GROUPS, INSTANCE_BINS
from longtail.path_options import shared_path

MERGED = "merged"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
VALUES = {
    "weight": "W",
    "max_score": "S",
    "scale": "S",
    "valid_area": "LOW:HIGH",
    "categories": "FILE|coco",
    "groups": "r,c,f|BINS",
}
"""What the options take, as the form of a word shows it."""


@dataclass(frozen=True)
class SourceSpec:
    """One source of a merge.

    Attributes:
        name: What tables call it.
        path: Absolute, of a result file or a store's directory, or a pattern such as `part-*.json`
            whose files together are the source.
        weight: Multiplies its scores, over 0.
        scale: Short side in pixels of the network's input; None takes what its store says.
        valid_area: The object sizes that it is trusted with.
        categories: "coco", or the absolute path of a file with the categories of an expert; None
            for those of `--ann`.
        groups: The frequency groups, or bins by instance count, that it is trusted with.
        max_score: The score that means 1 on its scale, over 0: all are divided by it.
    """

    name: str
    path: Path
    weight: float = 1.0
    scale: int | None = None
    valid_area: ValidArea = EVERY_SIZE
    categories: str | None = None
    groups: tuple[str, ...] = FREQUENCY_GROUPS
    max_score: float = 1.0

    def word(self) -> str:
        """The source as `--pred` takes it, with an absolute path."""
        options = {
            "weight": shortest(self.weight),
            "scale": None if self.scale is None else str(self.scale),
            "valid_area": str(self.valid_area),
            "categories": self.categories,
            "groups": ",".join(self.groups),
            "max_score": repr(self.max_score),
        }
        default = SourceSpec(self.name, self.path)
        said = [f",{k}={v}" for k, v in options.items() if getattr(self, k) != getattr(default, k)]
        return f"{self.name}={self.path}" + "".join(said)

    def options(self) -> dict[str, Any]:
        """The options as a JSON tree."""
        tree = {key: value for key, value in asdict(self).items() if key not in ("name", "path")}
        if self.max_score == 1:
            # So that a merge from before there was this option is still the same one.
            del tree["max_score"]
        return tree | {"valid_area": str(self.valid_area), "groups": list(self.groups)}


def parse_sources(
    texts: Sequence[str], base: Sequence[str] = (), told: Collection[str] = tuple(VALUES)
) -> list[SourceSpec]:
    """Read the words of `--pred`.

    Args:
        texts: The words.
        base: Words of a merge.yaml; a word of the same name replaces path and options that it
            gives and keeps the others.
        told: Options that messages offer.

    Returns:
        The sources by name.

    Raises:
        ValueError: No source, a word that does not fit the form, or a name used twice.
    """
    specs = {spec.name: spec for spec in _read(base, {}, told)}
    for spec in _read(texts, specs, told):
        specs[spec.name] = spec
    if not specs:
        raise ValueError("no source to merge; name at least one with --pred NAME=PATH")
    if MERGED in specs:
        raise ValueError(f"--pred {MERGED}=...: that is the name of the result; use another")
    return [specs[name] for name in sorted(specs)]


def _read(
    texts: Sequence[str], base: Mapping[str, SourceSpec], told: Collection[str]
) -> list[SourceSpec]:
    specs = [_parse_source(text, base, told) for text in texts]
    names = [spec.name for spec in specs]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"--pred: {', '.join(sorted(repeated))} named twice; use unique names")
    return specs


def _parse_source(text: str, base: Mapping[str, SourceSpec], told: Collection[str]) -> SourceSpec:
    name, equals, rest = text.partition("=")
    path, *words = rest.split(",")
    first = text.partition(",")[0]
    if "=" not in first and Path(first).exists():
        suggested = NAME.search(Path(first).name.partition(".")[0])
        called = suggested[0] if suggested else "old"
        raise ValueError(f"--pred {text}: has no name; give --pred {called}={text}")
    if not equals or not path or not NAME.fullmatch(name):
        form = "NAME=PATH" + "".join(f"[,{key}={VALUES[key]}]" for key in VALUES if key in told)
        example = "r50=r50.json" + (",weight=2" if "weight" in told else "")
        raise ValueError(
            f"--pred {text}: expected {form}, a name of letters, digits, '.', '_' and '-', as in "
            f"--pred {example}"
        )
    try:
        options = {key: PARSERS[key](value) for key, value in _options(words, told).items()}
        options["path"] = shared_path(Path(path))
    except ValueError as error:
        raise ValueError(f"--pred {text}: {error}") from None
    return replace(base.get(name, SourceSpec(name, options["path"])), **options)


def _options(words: Sequence[str], told: Collection[str]) -> dict[str, str]:
    """Values by key; a word without a key goes on with a list of groups."""
    options: dict[str, str] = {}
    key = ""
    for word in words:
        before, equals, value = word.partition("=")
        if not equals and key == "groups":
            options[key] += f",{word}"
            continue
        key = before
        if key not in PARSERS or not equals:
            known = ", ".join(key for key in PARSERS if key in told)
            raise ValueError(f"unknown option {word!r}, there are {known}; no path holds a comma")
        if key in options:
            raise ValueError(f"{key} is given twice")
        options[key] = value
    return options


def _weight(value: str) -> float:
    return _positive(value, "weight")


def _max_score(value: str) -> float:
    return _positive(value, "max_score")


def _positive(value: str, key: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"{key} {value!r} is not a positive number")
    return number


def _scale(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65_535:
        raise ValueError(f"scale {value!r} is not a short side in pixels, as in scale=800")
    return int(value)


def _categories(value: str) -> str:
    if not value:
        raise ValueError("categories is empty; give coco, or a file that lists the categories")
    return value if value == COCO else str(shared_path(Path(value)))


def _groups(value: str) -> tuple[str, ...]:
    names = value.split(",")
    for known in (FREQUENCY_GROUPS, INSTANCE_BINS):
        if set(names) <= set(known) and len(set(names)) == len(names):
            return tuple(name for name in known if name in names)
    raise ValueError(
        f"groups {value!r}: expected some of r, c, f, as in groups=r,c, or some of the bins by"
        f" training instances {', '.join(INSTANCE_BINS)}, as in groups=0001-0009,0010-0099"
    )


PARSERS: dict[str, Callable[[str], Any]] = {
    "weight": _weight,
    "scale": _scale,
    "valid_area": ValidArea.parse,
    "categories": _categories,
    "groups": _groups,
    "max_score": _max_score,
}
assert {*PARSERS} == {*VALUES} == {field.name for field in fields(SourceSpec)} - {"name", "path"}
