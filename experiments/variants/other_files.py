"""Where the other annotation files that variants of the reports name come from."""

WHERE_FROM = {
    "coco": (
        "where FILE is COCO's boxes of the same images: python -m longtail.data.convert coco"
        " instances_train2017.json coco.json makes it"
    ),
    "openimages": (
        "where FILE has boxes of OpenImages in LVIS or COCO's format, converted by python -m"
        " longtail.data.convert coco, and FOLDER their pictures; ,by=name takes its categories by"
        " their names"
    ),
    "unlabelled": (
        "where FILE lists pictures and FOLDER has them, as COCO's image_info_unlabeled2017.json and"
        " unlabeled2017; annotations are not read"
    ),
}
"""How to get each, by the name that stages know it by."""
