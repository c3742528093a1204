"""The pictures of a report: within their limits, or a word on why there are none."""

import json
import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from support.dashboards.picture_scene import (
    NAMES,
    Record,
    detection,
    instance,
    report_of,
    write_annotations,
    write_pictures,
)

from dashboards.section import Html, Note, Section
from dashboards.sections import pictures as section
from dashboards.sections.pictures import pictures
from dashboards.sources.found import Report
from dashboards.sources.pictures import PictureSource, lacking_pictures, picture_source

HOSTILE = "\"><img src=x onerror=alert(1)><script>'&"


def scene(
    folder: Path, names: tuple[str, ...] = NAMES, rows: tuple[str, ...] = ("old", "new")
) -> tuple[Report, PictureSource]:
    """Each category in three images, all of which the last row finds and the others miss."""
    pairs = product((1, 2, 3), (1, 2, 3, 4))
    there = [instance(*pair, (9, 9, 20, 20)) for pair in pairs]
    annotations = write_annotations(folder, there, 3, names=names)
    results: dict[str, Path] = {}
    for number, row in enumerate(rows):
        box = (9, 9, 20, 20) if row == rows[-1] else (40, 30, 20, 20)
        records: list[Record] = [
            detection(of["image_id"], of["category_id"], box, 0.5 + number / 100) for of in there
        ]
        results[row] = folder / f"row-{number}.json"
        results[row].write_text(json.dumps(records))
    ap = {row: {i: 0.1 * number for i in (1, 2, 3, 4)} for number, row in enumerate(rows)}
    return report_of(annotations, write_pictures(folder, 3), results, ap)


def parts(shown: Section | None) -> tuple[str, str]:
    """HTML and note."""
    assert shown is not None
    block, note = shown.blocks
    assert isinstance(block, Html) and isinstance(note, Note)
    return block.html, note.text


def test_every_category_is_shown_in_two_images_beside_ground_truth(tmp_path: Path) -> None:
    html, note = parts(pictures(*scene(tmp_path)))
    assert re.findall("<h3>(.*?)</h3>", html) == ["cup", "disc", "kite", "lamp"]
    assert html.count('class="where"') == 8
    titles = re.findall("<figcaption><b>(.*?)</b>", html)
    assert titles == ["ground truth", "old", "new"] * 8
    assert html.count('alt="cup by new in image 1: 1 true positive (score 0.51)."') == 1
    assert html.count('loading="lazy" decoding="async"') == 24
    assert note == (
        "Shown are 4 of 4 categories in 8 images, 2 of 2 rows, detections that score 0.05 or more,"
        f" or the best one. As many as wanted: python -m dashboards.gallery {tmp_path}"
        f" --ann {tmp_path / 'ann.json'} --images {tmp_path / 'images'} --out pictures"
    )


def test_the_command_for_more_pictures_names_what_folders_do_not_know(tmp_path: Path) -> None:
    report, source = scene(tmp_path)
    (found,) = report.sources
    data = {"val": str(source.annotations), "images": str(source.images)}
    _, note = parts(pictures(replace(report, sources=(replace(found, tree={"data": data}),))))
    assert note.endswith(f"python -m dashboards.gallery {tmp_path} --out pictures")
    files = replace(found, folder=None, tree={"data": data})
    _, note = parts(pictures(replace(report, sources=(files,))))
    assert note.endswith("dashboards.gallery --pred old=FILE --pred new=FILE --out pictures")
    judged = replace(source, exhaustive=True)
    _, note = parts(pictures(replace(report, sources=(files,)), judged))
    assert f"--images {source.images} --exhaustive --pred old=FILE" in note


def test_two_sections_are_the_same(tmp_path: Path) -> None:
    given = scene(tmp_path)
    assert pictures(*given) == pictures(*given)


def test_the_key_explains_what_is_there_and_nothing_else(tmp_path: Path) -> None:
    html, _ = parts(pictures(*scene(tmp_path)))
    words = re.findall('class="swatch [a-z]*" style="[^"]*">(.*?)</span>', html)
    assert words == ["ground truth", "TP", "FP", "missed"]


def test_named_categories_are_shown_in_their_order(tmp_path: Path) -> None:
    html, note = parts(pictures(*scene(tmp_path), categories=("lamp", "2")))
    assert re.findall("<h3>(.*?)</h3>", html) == ["lamp", "cup"]
    assert note.startswith("Shown are 2 of 2 categories")


def test_names_of_categories_rows_and_files_are_text(tmp_path: Path) -> None:
    report, source = scene(tmp_path, (HOSTILE, *NAMES[1:]), (HOSTILE, "new"))
    tree = json.loads(source.annotations.read_text())
    for image in tree["images"][:-1]:
        image["file_name"] = f"{HOSTILE}.png"
    source.annotations.write_text(json.dumps(tree))
    html, _ = parts(pictures(report, source))
    assert "picture not found: &#34;&gt;&lt;img" in html
    assert set(re.findall("<(?!/)([a-z0-9]+)", html)) == {
        *("div", "ul", "li", "span", "article", "h3", "p", "b", "figure", "img", "figcaption"),
    }
    assert html.count("<img ") == html.count("data:image/webp")


def test_the_limit_of_bytes_leaves_second_images_out_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = scene(tmp_path)
    whole, _ = parts(pictures(*given))
    size = sum(map(len, re.findall('src="(.*?)"', whole)))
    assert size <= section.MOST_BYTES
    monkeypatch.setattr(section, "MOST_BYTES", size * 5 // 8)
    html, note = parts(pictures(*given))
    assert sum(map(len, re.findall('src="(.*?)"', html))) <= size * 5 // 8
    assert html.count("<h3>") == 4 and 4 <= html.count('class="where"') <= 5
    assert f"4 of 4 categories in {html.count('where')} images" in note


def test_of_many_rows_the_baseline_the_last_and_the_best_are_shown(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d", "e", "f")
    report, source = scene(tmp_path, rows=names)
    levels = dict(zip(names, (0.1, 0.2, 0.9, 0.3, 0.8, 0.1), strict=True))
    (found,) = report.sources
    rows = tuple(
        replace(row, evaluation={**row.evaluation, "segm": {"AP": levels[row.name]}})
        for row in found.rows
    )
    html, note = parts(pictures(replace(report, sources=(replace(found, rows=rows),)), source))
    assert set(re.findall("<figcaption><b>(.*?)</b>", html)) == {"ground truth", *"acef"}
    assert "4 of 6 rows" in note


def test_unknown_places_are_told_with_their_options(tmp_path: Path) -> None:
    report, _ = scene(tmp_path)
    shown = pictures(report)
    assert shown is not None
    (note,) = shown.blocks
    assert isinstance(note, Note) and note.kind == "missing"
    assert note.text.endswith("where the pictures lie is not known; give --images FOLDER.")


def test_only_what_is_lacking_is_asked_for(tmp_path: Path) -> None:
    report, source = scene(tmp_path)
    (judged,) = report.sources
    found = replace(judged, rows=())
    none = lacking_pictures([found])
    assert "the annotations lie" in none and none.endswith("give --ann FILE and --images FOLDER")
    told = "where the pictures lie is not known; give --images FOLDER"
    assert lacking_pictures([judged]) == told
    assert lacking_pictures([found], source.annotations) == told
    gone = replace(judged, tree={"data": {"images": str(tmp_path / "moved")}})
    told = f"the pictures are no longer at {tmp_path / 'moved'}; give --images FOLDER"
    assert lacking_pictures([gone]) == told
    other = replace(found, tree={"data": {"images": str(source.images)}})
    assert lacking_pictures([judged, other]).startswith("no source has both")


def test_what_a_source_says_of_its_data_is_enough(tmp_path: Path) -> None:
    report, source = scene(tmp_path)
    (found,) = report.sources
    data = {"val": str(source.annotations), "images": str(source.images), "exhaustive": True}
    known = replace(found, tree={"data": data})
    assert picture_source([known]) == replace(source, exhaustive=True)
    assert pictures(replace(report, sources=(known,))) is not None
    assert picture_source([found]) is None
    assert picture_source([found], images=source.images) == source
    gone = replace(found, tree={"data": {**data, "images": str(tmp_path / "gone")}})
    assert picture_source([gone]) is None


def test_a_folder_without_any_of_the_pictures_is_a_warning(tmp_path: Path) -> None:
    report, source = scene(tmp_path)
    (tmp_path / "photos").mkdir()
    shown = pictures(report, replace(source, images=tmp_path / "photos"))
    assert shown is not None
    (note,) = shown.blocks
    assert isinstance(note, Note) and note.kind == "warning"
    assert "none of the 3 pictures is there, such as 1.png" in note.text


def test_predictions_of_other_images_are_a_warning(tmp_path: Path) -> None:
    report, source = scene(tmp_path)
    (tmp_path / "row-0.json").write_text(json.dumps([detection(9, 1, (0, 0, 9, 9), 0.5)]))
    shown = pictures(report, source)
    assert shown is not None
    (note,) = shown.blocks
    assert isinstance(note, Note) and note.kind == "warning" and "row-0.json" in note.text


def test_rows_without_predictions_are_told(tmp_path: Path) -> None:
    report, source = scene(tmp_path)
    for i in (0, 1):
        (tmp_path / f"row-{i}.json").unlink()
    shown = pictures(report, source)
    assert shown is not None
    (note,) = shown.blocks
    assert isinstance(note, Note) and "no longer there" in note.text


def test_a_report_without_rows_has_no_pictures() -> None:
    assert pictures(Report("Empty", ())) is None
