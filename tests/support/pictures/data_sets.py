"""Small annotation files with the pictures that belong to them."""

import json
from pathlib import Path
from typing import Any

from support.pictures.files import write_picture

HEIGHT, WIDTH = 40, 60
CATEGORY = {"id": 1, "name": "cup", "frequency": "r", "image_count": 3, "instance_count": 3}


def write_set(folder: Path, *names: str, pictures: bool = True, **fields: Any) -> Path:
    """An annotation file of one image for each name, ids from 1, and a picture of each.

    Args:
        folder: Where `train.json` and the folder `images` go.
        names: File names, which may have folders.
        pictures: Whether pictures are written.
        fields: Of every image.
    """
    common = {"height": HEIGHT, "width": WIDTH, "neg_category_ids": []}
    common |= {"not_exhaustive_category_ids": []} | fields
    images = [{"id": i, "file_name": name, **common} for i, name in enumerate(names, 1)]
    ring = [5, 5, 25, 5, 25, 25, 5, 25]
    annotations = [
        {"id": image["id"], "image_id": image["id"], "category_id": 1}
        | {"bbox": [5, 5, 20, 20], "area": 400, "segmentation": [ring]}
        for image in images
    ]
    for name in names if pictures else ():
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, (HEIGHT, WIDTH))
    tree = {"images": images, "annotations": annotations, "categories": [CATEGORY]}
    path = folder / "train.json"
    path.write_text(json.dumps(tree))
    return path
