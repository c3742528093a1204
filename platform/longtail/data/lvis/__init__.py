"""LVIS annotation files as everybody reads them: checked once, then memory-mapped columns.

- `reading`: records checked and written as columns; `column_cache`, `file_digest`: once a file.
- `annotations`, `segmentation`, `tables`, `ragged`: an open file, as training and others see it.
- `training_faults`, `evaluation_faults`, `exhaustive_option`: what it is not fit for.
"""
