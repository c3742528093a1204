"""LVIS annotation files, read record by record and kept as memory-mapped columns.

- `records`, `segmentation`, `images`, `instances`, `checks`: the file's records, checked.
- `reader`, `tables`, `ragged`, `column_cache`, `file_digest`: written as columns once a file.
- `annotations`: what training reads; `summary`, `pairing`, `check_report`: what a check says.
"""
