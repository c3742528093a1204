"""What is given as a result file and is none: named, with what to do, and never unpickled."""

import gzip
import io
import json
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longtail.predictions.foreign_files import refuse_foreign
from longtail.problems import BadInputError

ran: list[str] = []


class _Runs:
    """Says so when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return ran.append, ("ran",)


def _mmdetection(protocol: int) -> bytes:
    """As DumpDetResults writes it, but for its tensors."""
    found = {"bboxes": np.zeros((2, 4)), "scores": np.ones(2), "labels": [0, 3]}
    image = {"img_id": 1, "pred_instances": found, "ran": _Runs()}
    return pickle.dumps([image], protocol)


def _tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("results.json"), io.BytesIO())
    return content.getvalue()


def _arrays(save: Callable[..., None]) -> bytes:
    content = io.BytesIO()
    save(content, np.zeros(3))
    return content.getvalue()


def _parquet() -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table({"image_id": [1]}), content)
    return content.getvalue()


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_a_pickle_of_mmdetection_is_named_with_how_to_write_json(
    protocol: int, tmp_path: Path
) -> None:
    path = tmp_path / "results.pkl"
    path.write_bytes(_mmdetection(protocol))
    with pytest.raises(BadInputError, match=r"results\.pkl: a pickle, as mmdetection's") as error:
        refuse_foreign(path)
    for word in ("test_evaluator.outfile_prefix=results", "--format-only", "results.segm.json"):
        assert word in str(error.value)
    assert not ran


@pytest.mark.parametrize("name", ["results.json", "results.pickle", "results", "results.json.gz"])
def test_a_pickle_is_known_by_its_content(name: str, tmp_path: Path) -> None:
    path, content = tmp_path / name, _mmdetection(4)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(BadInputError, match="a pickle"):
        refuse_foreign(path)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.npz", _arrays(np.savez), "NumPy arrays"),
        ("a.npy", _arrays(np.save), "NumPy arrays"),
        ("a.parquet", _parquet(), "give the folder"),
        ("a.tar", _tar(), "unpack it"),
        ("a.tar.gz", gzip.compress(_tar(), mtime=0), "unpack it"),
        ("a.json.bz2", b"BZh91AY&SY", "unpack it"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
        ("a.bin", b"\x7fELF\x02\0\0\0", "a binary file of unknown kind"),
    ],
)
def test_other_binary_files_are_named(name: str, content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=f"{name}: .*{what}"):
        refuse_foreign(path)


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"\xef\xbb\xbf [ ]",
        json.dumps([{"image_id": 1}]).encode(),
        json.dumps([{"image_id": 1}]).encode("utf-16"),
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b"[]", mtime=0)[:-3],
        b"",
        b"no JSON at all",
    ],
)
def test_what_may_be_json_is_left_to_its_reader(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    refuse_foreign(path)
