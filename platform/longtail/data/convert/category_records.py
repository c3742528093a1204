"""Reading the `categories` of a COCO file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from longtail.annotation_file.document import map_annotation_file
from longtail.categories import COUNT_FIELDS, CategoryTable
from longtail.data.convert.findings import SHOWN_EXAMPLES, Findings
from longtail.data.convert.numbers import is_id, whole_number
from longtail.problems import BadInputError

Record = dict[str, Any]


def read_categories(records: Sequence[Mapping[str, Any]], findings: Findings) -> dict[int, Record]:
    """The categories by id, without counts; other fields, supercategory among them, are kept.

    Args:
        records: `categories` of the file.
        findings: Receives faults and changes.
    """
    categories: dict[int, Record] = {}
    for position, record in enumerate(records):
        category, where = whole_number(record.get("id")), f"categories[{position}]"
        if category is None or not is_id(category):
            remedy = "number the categories, and category_id of the annotations alike"
            offender = f"{where}: {record.get('id')!r:.60}"
            findings.fault("categories.id", "not a whole number from 0", offender, remedy)
            continue
        if category in categories:
            findings.fault("categories.id", "ids that occur twice", str(category), "renumber them")
        if not isinstance(record.get("name"), str):
            findings.fault("categories.name", "not a text", where, "name the category")
        kept = {key: value for key, value in record.items() if key not in COUNT_FIELDS}
        categories[category] = kept | {"id": category}
    if not records:
        findings.fault("categories", "empty", "the file", "list the categories of the data set")
    counted = [record["id"] for record in records if COUNT_FIELDS[0] in record and "id" in record]
    findings.changed("frequency and counts of a category: replaced", counted)
    return categories


def tell_unused(categories: Mapping[int, Record], used: Counter[int], findings: Findings) -> None:
    """Say which categories have no instance; they are kept."""
    unused = [record for category, record in categories.items() if not used[category]]
    parents = {record.get("supercategory") for record in categories.values()}
    for record in unused:
        what = "category without an instance: kept"
        if record["name"] in parents:
            what = (
                "category without an instance that others name as their supercategory, as Roboflow"
                " writes one: kept; take it off the list if it is no class of yours"
            )
        findings.changed(what, [f"category {record['id']} ({record['name']})"])


def counts_of(path: Path, categories: Mapping[int, Mapping[str, Any]]) -> CategoryTable:
    """The category table of a training file, for a file with the same categories.

    Raises:
        BadInputError: It has no counts, or its categories are others.
    """
    file = map_annotation_file(path)
    records = file.categories()
    if any(field not in record for record in records for field in COUNT_FIELDS):
        raise BadInputError(
            f"{path}: its categories have no frequency and counts; convert it first, with"
            f" python -m longtail.data.convert coco {path.name} OUT"
        )
    table = CategoryTable.from_records(records, str(path))
    given = dict(zip(table.ids.tolist(), table.names, strict=True))
    here = {category: record["name"] for category, record in categories.items()}
    _raise_if_others(path, given, here)
    return table


def _raise_if_others(path: Path, given: Mapping[int, str], here: Mapping[int, str]) -> None:
    differences = [
        f"category {category} is {given.get(category, 'not there')!r} there and"
        f" {here.get(category, 'not there')!r} here"
        for category in sorted(given.keys() | here.keys())
        if given.get(category) != here.get(category)
    ]
    if differences:
        shown = "; ".join(differences[:SHOWN_EXAMPLES])
        more = f"; {len(differences)} in all" if len(differences) > SHOWN_EXAMPLES else ""
        raise BadInputError(
            f"{path}: other categories than the file that takes its counts: {shown}{more}; export"
            " both with one list of categories"
        )
