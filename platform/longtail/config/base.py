"""The base class of every config section, and dotted-path overrides of a whole tree."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, ClassVar, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from longtail.config.renamed import RENAMED

FINGERPRINT_DIGITS = 12


class Config(BaseModel):
    """A frozen section of an experiment's configuration.

    Unknown fields are errors, and a docstring under a field becomes its description. A component
    told by `name` may be given as that name alone: it has its defaults.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    later: ClassVar[frozenset[str]] = frozenset()
    """Fields that came after nodes had been named: a default of theirs changes no name."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone_is_a_component(cls, tree: Any) -> Any:
        if not isinstance(tree, dict):
            return tree
        named = {
            name: _spelt_out(value)
            for name, value in tree.items()
            if isinstance(value, str | list | tuple) and cls._has_components(name)
        }
        return {**tree, **named}

    @model_validator(mode="before")
    @classmethod
    def _no_field_has_another_name_now(cls, tree: Any) -> Any:
        if isinstance(tree, dict):
            for field in tree.keys() & RENAMED.keys() - cls.model_fields.keys():
                raise ValueError(f"{field} is now {RENAMED[field]}")
        return tree

    @classmethod
    def _has_components(cls, field: str) -> bool:
        """Whether a field, or each item of it, is told by `name`."""
        known = cls.model_fields.get(field)
        kinds = config_classes(known.annotation) if known else []
        return bool(kinds) and all("name" in kind.model_fields for kind in kinds)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with whole fields replaced, checked like a new one."""
        return type(self).model_validate({**dict(self), **changes})

    def override(self, changes: Mapping[str, Any]) -> Self:
        """Return a copy with leaves replaced by dotted path, as `--set` and Tune name them.

        A list item is addressed by its index: `stages.0.schedule.base_lr`. The end of a path will
        do where no other ends so: `engine`. A string given to a section with a `name` switches
        that section to the named component at its defaults.

        Raises:
            ValueError: A path names no field, or the changed tree breaks a type or a rule.
        """
        tree = self.model_dump(mode="json")
        for path, value in changes.items():
            _assign(tree, _whole_path(tree, path), value)
        try:
            return type(self).model_validate(tree)
        except ValidationError as error:
            raise ValueError(_readable(error, changes)) from None

    def whole_path(self, path: str) -> str:
        """The whole dotted path that the end of a path stands for; others come back as they are.

        Raises:
            ValueError: Several paths end so.
        """
        return _whole_path(self.model_dump(mode="json"), path)

    def leaves(self) -> dict[str, Any]:
        """Every scalar of the tree by dotted path: MLflow's params."""
        return dict(_leaves(self.model_dump(mode="json"), prefix=""))

    def fingerprint(self) -> str:
        """Twelve hex digits that name this exact configuration."""
        return fingerprint(self.named_tree())

    def named_tree(self) -> dict[str, Any]:
        """The JSON tree that names this configuration: without `later` fields at their defaults."""
        tree: dict[str, Any] = _without_later(self, self.model_dump(mode="json"))
        return tree


def _without_later(value: Any, tree: Any) -> Any:
    if isinstance(value, tuple):
        return [_without_later(item, of_item) for item, of_item in zip(value, tree, strict=True)]
    if not isinstance(value, Config):
        return tree
    fields = type(value).model_fields
    return {
        name: _without_later(getattr(value, name), below)
        for name, below in tree.items()
        if not (name in value.later and getattr(value, name) == fields[name].default)
    }


def config_classes(annotation: Any) -> list[type[Config]]:
    """The config classes inside a type: of a union, of a tuple's items, or the type itself."""
    if isinstance(annotation, type) and issubclass(annotation, Config):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, Annotated, tuple):
        return [found for inner in get_args(annotation) for found in config_classes(inner)]
    return []


def check_order(lower: str, low: float, upper: str, high: float) -> None:
    """Refuse bounds that leave nothing between them.

    Raises:
        ValueError: `low` is over `high`.
    """
    if low > high:
        raise ValueError(f"{lower} {low:g} is over {upper} {high:g}; exchange them")


def fingerprint(tree: Any) -> str:
    """The first 12 hex digits of the SHA-256 of a JSON tree in canonical form."""
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_DIGITS]


def parse_assignments(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Turn `path=value` words into overrides; values are JSON if they parse, else strings.

    Raises:
        ValueError: A word has no `=`.
    """
    changes = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            raise ValueError(f"--set {assignment}: expected path=value, as in seed=1")
        try:
            changes[path.strip()] = json.loads(text)
        except json.JSONDecodeError:
            changes[path.strip()] = text
    return changes


def _spelt_out(value: str | Sequence[Any]) -> Any:
    """A component, or each of a list of them, that is given as its name alone."""
    if isinstance(value, str):
        return {"name": value}
    return [{"name": item} if isinstance(item, str) else item for item in value]


class _Switched(dict[str, Any]):
    """A section just given, by name or as JSON: validation knows its other fields."""


def _assign(tree: Any, path: str, value: Any) -> None:
    *sections, leaf = path.split(".")
    node = tree
    for section in sections:
        key = _key(node, section, path)
        if isinstance(node, dict) and node.get(key) is None:
            # An optional section that is absent: the rest of it has its defaults.
            node[key] = _Switched()
        elif isinstance(node, _Switched) and isinstance(node.get(key), str):
            # A component of such a section, just given by its name.
            node[key] = _Switched(name=node[key])
        node = node[key]
    key = _key(node, leaf, path)
    before = node[key] if isinstance(node, list) else node.get(key)
    if isinstance(before, dict) and "name" in before and isinstance(value, str):
        value = _Switched(name=value)
    node[key] = _given(value)


def _given(value: Any) -> Any:
    if isinstance(value, dict):
        return _Switched({name: _given(below) for name, below in value.items()})
    return [_given(item) for item in value] if isinstance(value, list) else value


def _whole_path(tree: dict[str, Any], path: str) -> str:
    if path.partition(".")[0] in tree:
        return path
    words = path.split(".")
    for count in range(len(words), 0, -1):
        # Below a component just switched by name nothing is there yet: its own path must do.
        start, rest = ".".join(words[:count]), words[count:]
        ends = [whole for whole in _paths(tree, prefix="") if whole.endswith(f".{start}")]
        if len(ends) > 1:
            raise ValueError(f"{path}: several paths end so; give one whole: {', '.join(ends)}")
        if ends:
            return ".".join([*ends, *rest])
    return path


def _paths(node: Any, prefix: str) -> Iterator[str]:
    """Every section, list item and leaf."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield f"{prefix}{key}"
        if isinstance(value, dict | list):
            yield from _paths(value, f"{prefix}{key}.")


def _key(node: Any, word: str, path: str) -> Any:
    if isinstance(node, list):
        if word.isdigit() and int(word) < len(node):
            return int(word)
        raise ValueError(f"{path}: {word!r} is no index here; there are {len(node)} items")
    if isinstance(node, dict):
        if word in node or isinstance(node, _Switched):
            return word
        now = f"; it is now {RENAMED[word]}" if word in RENAMED else ""
        raise ValueError(f"{path}: no field {word!r}; here: {', '.join(sorted(node))}{now}")
    raise ValueError(f"{path}: {word!r} lies below a plain value ({node!r})")


def _readable(error: ValidationError, changes: Mapping[str, Any]) -> str:
    lines = [
        "".join(f"{'.'.join(map(str, item['loc']))}: " for _ in item["loc"][:1])
        + _said(item)
        + ("" if isinstance(item["input"], dict | list) else f" (got {item['input']!r})")
        for item in error.errors()
    ]
    return "\n".join([f"after setting {', '.join(changes)}:", *lines])


def _said(item: Mapping[str, Any]) -> str:
    if item["type"] == "union_tag_not_found":
        return "say which one it is: give its name, or JSON that has it as 'name'"
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] == "tuple_type":
        return f"give a list as JSON: {json.dumps(_as_list(item['input']))}"
    return str(item["msg"])


def _as_list(given: Any) -> list[Any]:
    """What someone may have meant who gave no list."""
    if isinstance(given, str):
        return [_number_or_word(word.strip()) for word in given.split(",")]
    if isinstance(given, dict) and set(given) == {"name"}:
        return [given["name"]]
    return [] if given is None else [given]


def _number_or_word(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _leaves(node: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        items: Iterator[tuple[Any, Any]] = iter(node.items())
    elif isinstance(node, list) and any(isinstance(item, dict) for item in node):
        items = enumerate(node)
    else:
        yield prefix, node
        return
    for key, value in items:
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
