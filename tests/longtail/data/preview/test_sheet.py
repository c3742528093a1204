from pathlib import Path

import numpy as np
import torch
from PIL import Image as PilImage
from support.pictures.unannotated import unannotated

from longtail.data.loading.sample import Image
from longtail.data.preview.panel import CAPTION, SIDE
from longtail.data.preview.sheet import GAP, TITLE, write_sheet


def test_samples_stand_in_rows_in_their_order(tmp_path: Path) -> None:
    greys = [40, 120, 200]
    samples = [
        unannotated(Image(torch.full((3, SIDE, SIDE), grey / 255), number, (8, 8)))
        for number, grey in enumerate(greys)
    ]
    write_sheet(samples, [], "three", 2, tmp_path / "sheet.png")
    pixels = np.asarray(PilImage.open(tmp_path / "sheet.png"))
    down, right = SIDE + CAPTION + GAP, SIDE + GAP
    assert pixels.shape == (2 * down + GAP + TITLE, 2 * right + GAP, 3)
    places = [(0, 0), (0, right), (down, 0)]
    middle = [pixels[GAP + TITLE + y + 100, GAP + x + 100, 0] for y, x in places]
    assert middle == greys
    assert (pixels[GAP + TITLE + down + 100, GAP + right + 100] == 255).all()
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


def test_there_are_no_more_columns_than_samples(tmp_path: Path) -> None:
    sample = unannotated(Image(torch.zeros(3, 8, 8), 1, (8, 8)))
    write_sheet([sample], [], "one", 4, tmp_path / "sheet.png")
    assert PilImage.open(tmp_path / "sheet.png").width == SIDE + 2 * GAP
