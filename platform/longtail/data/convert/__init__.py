"""Other annotation formats become LVIS files that every other command takes.

`coco.py` is the conversion from top to bottom: `image_records`, `category_records` and
`annotation_records` read what exporters write, `frequency` counts, `split` shares images out,
`lvis_file` writes and `summary` says what became of it. What was changed on the way is in
`findings`.
"""
