"""How files begin that commands write: `--force` replaces no file that begins in another way.

Results, annotations and pictures stand where outputs do, and a slip of the keyboard names one of
them. Patterns are of bytes without white space, so that indented JSON begins like compact JSON.
"""

import re
from collections.abc import Iterable
from pathlib import Path

SEEN = 4096
"""Bytes of a file that are looked at: an annotation file has gigabytes."""
_TEXT = rb'"(?:[^"\\]|\\.)*"'

EVALUATION = rb'\{"segm":\{"AP":'
DIAGNOSIS = rb'\{"kind":"\w+","iou_threshold":'
VALIDATION = rb'\{"file":' + _TEXT + rb',"fit":'
WEIGHTS = rb'\{"file":' + _TEXT + rb',"sha256":'
DATA_CHECK = rb'\{"file":' + _TEXT + rb',"fit_for":'
CALIBRATION = rb'\{"schema_version":\d+,"calibration":'
RESULTS = rb'\[\{"image_id":|\[\]|\x1f\x8b|PK\x03\x04'
"""Or packed ones."""
CONVERTED = rb'\{"info":\{"description":"(?:[^"\\]|\\.)*inLVISformat"'
PART = rb"PK\x03\x04.{,40}image_counts\.npy"
OF_CATEGORIES = rb"id,name,group,"
OF_AP = rb"name,AP,"
TAUGHT = rb"training,category_id,"
LATEX = rb"\\begin\{tabular\}"
MARKDOWN = rb"\|\|AP\|"
SHEET = rb"(?:\x89PNG|\xff\xd8\xff).{,80}sheetoflongtail"
"""A contact sheet, by the comment that stands before its pixels."""
DRAWINGS = {
    "svg": rb'<svgxmlns="[^"]*"xmlns:xlink="[^"]*"version="1\.1"class="marks"',
    "pdf": rb"%PDF-",
    "png": rb"\x89PNG",
    "html": rb'<!doctypehtml>.*<metaname="generator"content="longtail">',
}
"""By how names end."""


def begins_as(path: Path, patterns: Iterable[bytes]) -> bool:
    """Whether a file begins as one of the patterns says; an empty one has nothing to lose."""
    with path.open("rb") as file:
        start = re.sub(rb"\s", b"", file.read(SEEN))
    return not start or any(re.match(pattern, start, re.DOTALL) for pattern in patterns)
