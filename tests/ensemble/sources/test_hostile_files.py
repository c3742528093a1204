"""Result files that no program should stumble over: refused with a reason, soon, in little memory.

The cases of the table are those that lvis-api swallows, crashes or hangs on.
"""

import gzip
import io
import json
import resource
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ensemble.convert import main as convert
from ensemble.validate import main as validate
from longtail.commands import run

HEIGHT, WIDTH = 20, 30
COUNTS = "b04h01c0d9"
# A hang, not a speed: these files take milliseconds.
SECONDS_PER_FILE = 30.0
MEGABYTES = 400


def record(**fields: Any) -> dict[str, Any]:
    segmentation = {"size": [2, 3], "counts": "06"}
    sound = {"image_id": 1, "category_id": 5, "score": 0.5, "segmentation": segmentation}
    return {**sound, **fields}


def mask(size: Any = (2, 3), counts: Any = "06") -> dict[str, Any]:
    return {"size": list(size), "counts": counts}


@pytest.fixture
def ann(tmp_path: Path) -> Path:
    category = {"id": 5, "name": "a", "frequency": "r", "image_count": 1, "instance_count": 1}
    images = [{"id": i, "height": 2, "width": 3} for i in (1, 2)]
    path = tmp_path / "image_info.json"
    path.write_text(json.dumps({"images": images, "categories": [category]}))
    return path


def exit_code(command: Any, file: Path, ann: Path, *options: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(command, [str(file), f"--ann={ann}", *options])
    assert isinstance(ended.value.code, int)
    return ended.value.code


OTHERS = [record(), record(score=0.25)]
CASES: dict[str, tuple[Any, str, str]] = {
    "unknown image": ([*OTHERS, record(image_id=9)], "image_id: is not in", "record 2 (9)"),
    "unknown category": ([*OTHERS, record(category_id=9)], "category_id: is not in", "record 2"),
    "NaN score": ([*OTHERS, record(score=float("nan"))], "not a finite", "record 2 (nan)"),
    "null score": ([*OTHERS, record(score=None)], "score: expected `float`", "record 2"),
    "text score": ([*OTHERS, record(score="0.5")], "score: expected `float`", "record 2"),
    "size mismatch": (
        [*OTHERS, record(segmentation=mask((4, 3), "0:"))],
        "size: is not the size",
        "[4, 3] where the image has [2, 3]",
    ),
    "sides swapped": (
        [*OTHERS, record(segmentation=mask((3, 2)))],
        "height and width are swapped",
        "record 2",
    ),
    "malformed counts": (
        [*OTHERS, record(segmentation=mask(counts="~~"))],
        "truncated",
        "record 2",
    ),
    "empty counts": (
        [*OTHERS, record(segmentation=mask(counts=""))],
        "counts is empty",
        "record 2",
    ),
    "truncated counts": ([*OTHERS, record(segmentation=mask(counts="P"))], "truncated", "record 2"),
    "runs too long": ([*OTHERS, record(segmentation=mask(counts="07"))], "more pixels", "record 2"),
    "list of runs": (
        [*OTHERS, record(segmentation=mask(counts=[0, 6]))],
        "counts are a list of runs",
        "1 records",
    ),
    "bbox in some": (
        [*OTHERS, record(bbox=[0, 0, 1, 1])],
        "some records have one and some have not",
        "1 records with and 2 without",
    ),
    "negative width": (
        [record(bbox=[0, 0, -1, 1])],
        "negative width or height",
        "record 0 ([0.0, 0.0, -1.0, 1.0])",
    ),
    "no mask": ([record(segmentation=None, bbox=[0, 0, 1, 1])], "needs one for each", "image 1"),
    "301 in an image": (
        [record(score=i / 400) for i in range(301)],
        "more than 300 detections",
        "image 1 (301)",
    ),
    "not a list": ({"a": 1}, "top level is an object", "not a list"),
    "id of text": ([*OTHERS, record(image_id="1")], "image_id: expected `int`", "record 2"),
    "id of a fraction": ([*OTHERS, record(image_id=1.5)], "image_id: expected `int`", "record 2"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_lvis_api_swallows_is_told(
    case: str, tmp_path: Path, ann: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, what, where = CASES[case]
    (tmp_path / "result.json").write_text(json.dumps(content))
    assert exit_code(validate, tmp_path / "result.json", ann) == 3
    printed = capsys.readouterr()
    text = printed.out + printed.err
    assert what in text and where in text and "result.json" in text
    assert "Traceback" not in text
    assert "fix: " in text or text.startswith("error: ")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ([], "there is no detection"),
        ([*OTHERS, record(score=1.1)], "is outside 0 to 1, from 0.25 to 1.1"),
        ([*OTHERS, record(score=-0.1)], "is outside 0 to 1, from -0.1 to 0.5"),
    ],
)
def test_what_lvis_api_takes_is_told_and_fit(
    content: Any, what: str, tmp_path: Path, ann: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "result.json").write_text(json.dumps(content))
    assert exit_code(validate, tmp_path / "result.json", ann) == 0
    printed = capsys.readouterr().out
    assert what in printed and "fix: " in printed and "fit for submission" in printed


def test_repeats_are_told_and_do_no_harm(
    tmp_path: Path, ann: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "result.json").write_text(json.dumps([record(), record()]))
    assert exit_code(validate, tmp_path / "result.json", ann) == 0
    assert "repeats another one exactly" in capsys.readouterr().out


def test_ids_as_whole_floats_are_taken(tmp_path: Path, ann: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps([record(image_id=1.0)]))
    assert exit_code(validate, tmp_path / "result.json", ann) == 0


Random = np.random.Generator


def sound_text(random: Random) -> bytes:
    """A few sound records."""
    return json.dumps([record(score=float(random.random())) for _ in range(4)]).encode()


def flip_bits(random: Random) -> bytes:
    content = bytearray(sound_text(random))
    for place in random.integers(0, len(content), random.integers(1, 4)):
        content[place] ^= 1 << int(random.integers(8))
    return bytes(content)


def flip_bits_of_counts(random: Random) -> bytes:
    counts = bytearray(COUNTS.encode())
    counts[int(random.integers(len(counts)))] ^= 1 << int(random.integers(7))
    text = json.dumps([record(segmentation={"size": [2, 3], "counts": "@@"})])
    return text.encode().replace(b"@@", bytes(counts))


def cut(random: Random) -> bytes:
    content = sound_text(random)
    return content[: int(random.integers(len(content)))]


ODD_VALUES = (
    "NaN Infinity -Infinity 1e999 -0.0 1e-320 null true [] {} [[]] 9223372036854775808 "
    '-1 0 "0.5" "" 1.0 0.5 184467440737095516160000000000000000000000'
).split()


def odd_value(random: Random) -> bytes:
    field = str(random.choice(["image_id", "category_id", "score", "bbox", "segmentation"]))
    text = json.dumps([record(**{field: "@@"}), record()])
    return text.replace('"@@"', str(random.choice(ODD_VALUES))).encode()


def odd_segmentation(random: Random) -> bytes:
    numbers = [-1, 0, 1, 2, 3, 2**31, 2**32 - 1, 2**63 - 1, 65_535]
    size = [int(random.choice(numbers)) for _ in range(int(random.choice([2, 2, 2, 0, 3])))]
    counts: list[Any] = ["06", "", "o" * 6, "0" * 100_000, "P" * 100_000, "\u0000", "é", [2**62]]
    counts += [[0, 6], [6, -1, 1], [], ["a"], "_______0", "ooooooo?", [[0, 0, 1, 0, 1, 1]]]
    chosen = counts[int(random.integers(len(counts)))]
    polygons: list[Any] = [[[1e308, -1e308] * 3], [[0.0] * 5], [[]], [[float("nan")] * 6]]
    masks = [{"size": size, "counts": chosen}, {"size": [2, 3], "counts": chosen}, *polygons]
    return json.dumps([record(segmentation=masks[int(random.integers(len(masks)))])]).encode()


def bomb(random: Random) -> bytes:
    depth = int(random.choice([33, 1000, 200_000]))
    bombs = [
        b"[" * depth,
        b"[" + b'{"a":' * depth,
        b'[{"image_id": ' + b"9" * depth + b"}]",
        b'[{"score": 0.' + b"5" * depth + b"}]",
        b'[{"' + b"k" * depth + b'": 1}]',
        b'[{"image_id": 1, ' + b'"image_id": 1, ' * depth + b'"score": 1}]',
        b"[" + b" " * depth + b"]",
        b"[" + b"," * depth + b"]",
        b"[" + b"null," * (depth // 20) + b"null]",
        b"[" + b"\\" * depth + b"]",
        b'["' + b"\\u0000" * depth,
    ]
    return bombs[int(random.integers(len(bombs)))]


def other_encoding(random: Random) -> bytes:
    text = sound_text(random).decode()
    return text.encode(str(random.choice(["utf-16", "utf-32", "utf-8-sig", "cp037"])))


def packed(content: bytes, is_zip: bool) -> bytes:
    if not is_zip:
        return gzip.compress(content, mtime=0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", content)
    return buffer.getvalue()


def damaged_package(random: Random) -> bytes:
    content = bytearray(packed(sound_text(random), bool(random.integers(2))))
    if random.integers(2):
        return bytes(content[: int(random.integers(2, len(content)))])
    content[int(random.integers(2, len(content)))] ^= 1 << int(random.integers(8))
    return bytes(content)


def package_bomb(random: Random) -> bytes:
    """Some kilobytes that unpack to 20 MB of one record."""
    filling = [b" ", b"[", b"9", b'"'][int(random.integers(4))]
    return packed(b'[{"image_id": 1' + filling * 20_000_000, bool(random.integers(2)))


MUTATIONS: dict[str, tuple[Callable[[Random], bytes], int]] = {
    "bits": (flip_bits, 500),
    "bits of counts": (flip_bits_of_counts, 300),
    "cut": (cut, 300),
    "odd values": (odd_value, 300),
    "odd masks": (odd_segmentation, 300),
    "bombs": (bomb, 60),
    "encodings": (other_encoding, 20),
    "damaged packages": (damaged_package, 200),
    "bombs in packages": (package_bomb, 20),
}


def assert_survives(kind: str, count: int, tmp_path: Path, ann: Path) -> None:
    """Every file is taken (0) or refused (3), within time and memory."""
    mutate, _ = MUTATIONS[kind]
    warm_up = tmp_path / "sound.json"
    warm_up.write_bytes(sound_text(np.random.default_rng(0)))
    assert exit_code(validate, warm_up, ann) == 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for seed in range(count):
        random = np.random.default_rng([seed, len(kind)])
        file = tmp_path / ("hostile.zip" if "packages" in kind else "hostile.json")
        file.write_bytes(mutate(random))
        start = time.process_time()
        code = exit_code(validate, file, ann)
        assert code in (0, 3), (kind, seed, code)
        assert time.process_time() - start < SECONDS_PER_FILE, (kind, seed)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert after - before < MEGABYTES


@pytest.mark.parametrize("kind", MUTATIONS)
def test_a_few_hostile_files_do_no_harm(kind: str, tmp_path: Path, ann: Path) -> None:
    assert_survives(kind, 3, tmp_path, ann)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MUTATIONS)
def test_two_thousand_hostile_files_do_no_harm(kind: str, tmp_path: Path, ann: Path) -> None:
    assert sum(count for _, count in MUTATIONS.values()) == 2000
    assert_survives(kind, MUTATIONS[kind][1], tmp_path, ann)


@pytest.mark.parametrize("options", [(), ("--drop-invalid", "--allow-empty")])
def test_conversion_survives_odd_records(
    tmp_path: Path, ann: Path, options: tuple[str, ...]
) -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        file = tmp_path / "hostile.json"
        file.write_bytes([odd_value, odd_segmentation, flip_bits][seed % 3](random))
        out = tmp_path / f"out{seed}"
        code = exit_code(convert, file, ann, "--to=store", f"--out={out}", *options)
        assert code in (0, 3) and out.exists() == (code == 0)
