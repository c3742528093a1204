"""Galleries: one file, or a folder of pages that know one another."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboards.picture_scene import (
    detection,
    instance,
    write_annotations,
    write_pictures,
)

from dashboards.pages import gallery as pages
from dashboards.pages.gallery import Gallery, write_file, write_folder
from dashboards.pictures.categories import named_categories
from dashboards.pictures.images import choose_images
from dashboards.pictures.opened import OpenTruth, ShownRow, open_rows
from dashboards.sources.pictures import PictureSource


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Three discs and two cups, each in an image of its own."""
    there = [instance(i, 1 if i < 4 else 2, (9, 9, 20, 20)) for i in range(1, 6)]
    annotations = write_annotations(tmp_path, there, 5)
    path = tmp_path / "row.json"
    path.write_text(json.dumps([detection(1, 1, (9, 9, 20, 20), 0.5)]))
    rows = [ShownRow("row", path)]
    opened = OpenTruth(PictureSource(annotations, write_pictures(tmp_path, 5)))
    (tmp_path / "work").mkdir()
    categories = named_categories(opened.truth.categories, ["disc", "cup"])
    judged = open_rows(rows, opened, tmp_path / "work")
    found = choose_images(opened, judged, categories, 9, 0.05)
    choices = [choice for of in found for choice in of]
    return Gallery("Made", opened, rows, categories, choices, 0.05, lambda: None)


def images(page: Path) -> list[str]:
    return re.findall(r'class="where">image (\d+)', page.read_text())


def test_a_file_has_all_pictures(gallery: Gallery, tmp_path: Path) -> None:
    write_file(gallery, tmp_path / "all.html")
    assert images(tmp_path / "all.html") == ["1", "2", "3", "4", "5"]
    html = (tmp_path / "all.html").read_text()
    assert "5 pictures of row" in html


def test_a_folder_of_one_page_is_an_index(gallery: Gallery, tmp_path: Path) -> None:
    assert write_folder(gallery, tmp_path / "out") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["index.html"]
    assert images(tmp_path / "out" / "index.html") == ["1", "2", "3", "4", "5"]


def test_more_pictures_make_pages_with_links(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PICTURES_OF_A_PAGE", 2)
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.html").write_text("an older one")
    assert write_folder(gallery, out) == 4
    names = ["page-001.html", "page-002.html", "page-003.html"]
    assert sorted(path.name for path in out.iterdir()) == ["index.html", *names]
    assert [images(out / name) for name in names] == [["1", "2"], ["3", "4"], ["5"]]
    index = (out / "index.html").read_text()
    assert re.findall('href="(page.*?)"', index) == names
    assert re.findall("<span>(.*?)</span>", index) == [
        "2 pictures: disc",
        "2 pictures: disc, cup",
        "1 picture: cup",
    ]
    second = (out / "page-002.html").read_text()
    assert re.findall('href="([a-z].*?)"', second) == [names[0], names[2], "index.html"]


def test_a_gallery_that_fails_leaves_the_older_one(gallery: Gallery, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.html").write_text("an older one")

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(replace(gallery, on_drawn=stop), out)
    assert (out / "index.html").read_text() == "an older one"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []
