"""What is merged: files of models, opened as prediction stores of the data set.

- `spec`, `files`, `parts`: the words of `--pred`, the files behind them, several files of one
  source.
- `open`, `category_map`, `coco_categories`: from files to stores in the data set's categories.
- `blocks`, `filters`, `valid_area`, `reader`: detections block by block, and which take part.
- `source_set`: what fusion is told of the sources.
"""
