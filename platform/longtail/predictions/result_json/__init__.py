"""Result JSON, as lvis-api and pycocotools have it.

- `read`, `write`: to a prediction store and from it.
- `stream`, `blocks`: bytes to records, block by block.
- `usual_records`, `decimal_numbers`: read by compiled code; `records`, `columns`, `masks`,
  `checks`: by care.
"""
