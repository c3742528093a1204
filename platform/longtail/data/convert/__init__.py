"""Other annotation formats become LVIS files that every other command takes.

- `coco.py`: the conversion from top to bottom.
- `image_records`, `category_records`, `annotation_records` and what they stand on: reading what
  exporters write; `findings` keeps what is wrong and what was changed.
- `frequency`, `split`, `lvis_file`, `summary`: counting, sharing out, writing, telling.
"""
