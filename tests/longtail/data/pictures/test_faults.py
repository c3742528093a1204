from pathlib import Path

import pytest

from longtail.data.pictures.rgb import read_rgb
from longtail.problems import BadInputError


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an empty file; copy or download"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "HTML, an error page"),
        (b'{"error": "no such key"}', "text; copy or download"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "XML or SVG; save it as JPEG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIF, which Pillow does not read"),
        (b"\x89PNG\r\n\x1a\n\xff\xff\0\0", "cannot be decoded"),
        (bytes(range(1, 200)), "damaged, or of a kind that Pillow does not read"),
    ],
)
def test_what_is_no_picture_is_told_by_what_it_is(
    tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(BadInputError, match=rf"a\.jpg: .*{told}"):
        read_rgb(tmp_path / "a.jpg")


def test_a_folder_in_place_of_a_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"cannot be read \(Is a directory\)"):
        read_rgb(tmp_path)
