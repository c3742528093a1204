import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail import array_store
from longtail.array_store import ArrayWriter
from longtail.data.lvis.column_cache import FORMAT, build_columns, open_columns
from longtail.files import sha256_of
from longtail.sealed import DamagedError, read_sealed, read_sealed_json, write_sealed_json

MANIFEST = FORMAT.manifest


def fill(writer: ArrayWriter) -> dict[str, Any]:
    writer.add("boxes", np.arange(8.0).reshape(2, 4))
    writer.add("nothing", np.empty((0, 3), dtype=np.int64))
    counts = writer.stream("counts", np.uint8)
    counts.append(np.array([1, 2], dtype=np.uint8))
    counts.append(np.array([3], dtype=np.uint8))
    return {"note": "kept"}


def flip_last_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def never(writer: ArrayWriter) -> dict[str, Any]:
    raise AssertionError("the cache was whole")


def test_columns_come_back_with_type_shape_and_notes(tmp_path: Path) -> None:
    build_columns(tmp_path / "cache", fill)
    columns = build_columns(tmp_path / "cache", never)
    assert columns.arrays["boxes"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert columns.arrays["nothing"].shape == (0, 3)
    assert columns.arrays["nothing"].dtype == np.int64
    assert columns.arrays["counts"].tolist() == [1, 2, 3]
    assert columns.notes == {"note": "kept"}


def test_columns_are_read_only(tmp_path: Path) -> None:
    columns = build_columns(tmp_path / "cache", fill)
    with pytest.raises(ValueError, match="read-only"):
        columns.arrays["boxes"][0, 0] = 9


def test_a_cache_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert open_columns(tmp_path / "cache") is None


def cut_column(cache: Path) -> None:
    os.truncate(cache / "boxes.npy", 63)


def remove_column(cache: Path) -> None:
    (cache / "counts.npy").unlink()


def cut_manifest(cache: Path) -> None:
    os.truncate(cache / MANIFEST, 30)


def remove_manifest(cache: Path) -> None:
    (cache / MANIFEST).unlink()


def raise_schema_version(cache: Path) -> None:
    manifest = read_sealed_json(cache / MANIFEST, "")
    write_sealed_json(cache / MANIFEST, manifest | {"schema_version": 10**6})


def leave_out_the_seal(cache: Path) -> None:
    (cache / MANIFEST).write_bytes(read_sealed(cache / MANIFEST, ""))


@pytest.mark.parametrize(
    "damage",
    [
        cut_column,
        remove_column,
        cut_manifest,
        remove_manifest,
        raise_schema_version,
        leave_out_the_seal,
    ],
)
def test_a_torn_or_foreign_cache_is_noticed_and_filled_again(damage: Any, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    build_columns(cache, fill)
    damage(cache)
    assert build_columns(cache, fill).arrays["counts"].tolist() == [1, 2, 3]
    assert open_columns(cache) is not None


def test_a_flipped_byte_is_told_and_made_good(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "cache"
    build_columns(cache, fill)
    flip_last_byte(cache / "counts.npy")
    with pytest.raises(DamagedError, match=r"counts\.npy: damaged, .* it is made again"):
        open_columns(cache)
    with caplog.at_level(logging.WARNING):
        assert build_columns(cache, fill).arrays["counts"].tolist() == [1, 2, 3]
    assert str(cache / "counts.npy") in caplog.text


def test_a_process_reads_an_old_cache_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    build_columns(tmp_path / "cache", fill)
    monkeypatch.setattr(array_store, "YOUNG_NS", 0)
    monkeypatch.setattr(array_store, "sha256_of", lambda p: read.append(p.name) or sha256_of(p))
    for _ in range(3):
        build_columns(tmp_path / "cache", never)
    assert sorted(read) == ["boxes.npy", "counts.npy", "nothing.npy"]


def test_arrays_of_a_replaced_cache_stay_readable(tmp_path: Path) -> None:
    columns = build_columns(tmp_path / "cache", fill)
    (tmp_path / "cache" / MANIFEST).unlink()
    build_columns(tmp_path / "cache", fill)
    assert columns.arrays["boxes"].sum() == 28


def test_a_failed_filling_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(writer: ArrayWriter) -> dict[str, Any]:
        fill(writer)
        raise ValueError("bad record")

    with pytest.raises(ValueError, match="bad record"):
        build_columns(tmp_path / "cache", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["cache.lock"]


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "cache.0123.partial").mkdir()
    build_columns(tmp_path / "cache", fill)
    assert not list(tmp_path.glob("*.partial"))


def test_of_several_that_come_at_once_one_fills(tmp_path: Path) -> None:
    started = threading.Barrier(4)
    fillings: list[int] = []

    def count_and_fill(writer: ArrayWriter) -> dict[str, Any]:
        fillings.append(1)
        return fill(writer)

    def build(_: int) -> list[int]:
        started.wait()
        values: list[int] = (
            build_columns(tmp_path / "cache", count_and_fill).arrays["counts"].tolist()
        )
        return values

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(build, range(4))) == [[1, 2, 3]] * 4
    assert len(fillings) == 1
