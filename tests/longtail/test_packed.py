import gzip
import io
import zipfile
from pathlib import Path

import pytest

from longtail.packed import create_packed
from longtail.predictions.result_json.stream import read_blocks
from longtail.predictions.result_json.write import export_json
from longtail.problems import BadInputError

TEXT = b'[{"a": 1},\n{"b": [2]}]\n'


def records(path: Path) -> list[bytes]:
    return [
        block.record(row).strip() for block in read_blocks(path) for row in range(len(block.ends))
    ]


def zip_of(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.zip", "a.json.zip"])
def test_what_is_packed_is_read_again(tmp_path: Path, name: str) -> None:
    with create_packed(tmp_path / "partial", name) as file:
        file.write(TEXT)
    path = (tmp_path / "partial").rename(tmp_path / name)
    assert records(path) == [b'{"a": 1}', b'{"b": [2]}']
    assert (len(path.read_bytes()) == len(TEXT)) == (name == "a.json")


@pytest.mark.parametrize("name", ["a.json.gz", "a.zip"])
def test_packed_bytes_do_not_depend_on_the_clock(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = []
    for now in (1e9, 2e9):
        monkeypatch.setattr("time.time", lambda now=now: now)
        export_json([], tmp_path / name)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]


def test_zip_holds_one_file_named_after_it(tmp_path: Path) -> None:
    export_json([], tmp_path / "submission.zip")
    assert zipfile.ZipFile(tmp_path / "submission.zip").namelist() == ["submission.json"]


def test_folders_in_a_zip_do_not_count(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"d/": b"", "d/a.json": TEXT, "__MACOSX/d/._a.json": b"x"})
    assert len(records(path)) == 2


@pytest.mark.parametrize(
    ("files", "message"),
    [({}, "holds 0 files"), ({"a.json": TEXT, "b.json": TEXT}, "holds 2 files")],
)
def test_zip_needs_one_file(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        records(zip_of(tmp_path / "a.zip", files))


def test_unusual_compression_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a.json": TEXT}, zipfile.ZIP_LZMA)
    with pytest.raises(BadInputError, match="unusual way"):
        records(path)


def test_every_flipped_byte_and_every_cut_of_a_zip_is_bad_input_or_harmless(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", TEXT)
    content = buffer.getvalue()
    places = range(len(content))
    flipped = [content[:i] + bytes([content[i] ^ 0x55]) + content[i + 1 :] for i in places]
    cut = [content[:i] for i in places[2:]]
    path = tmp_path / "a.zip"
    refused = 0
    for damaged in flipped + cut:
        path.write_bytes(damaged)
        try:
            assert len(records(path)) == 2
        except BadInputError:
            refused += 1
    assert refused > len(cut)


def test_damaged_gzip_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(TEXT)[:-4])
    with pytest.raises(BadInputError, match="damaged gzip"):
        records(path)
