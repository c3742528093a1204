"""LVIS annotation files as training reads them: checked once, then memory-mapped columns.

- `images`, `instances`, `checks`: records checked by the rules of training.
- `reader`, `tables`, `ragged`, `column_cache`, `file_digest`, `progress`: columns, once a file.
- `annotations`, `segmentation`: an open file.
"""
