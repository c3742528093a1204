"""What finished nodes are for: tables, names, and their record in MLflow.

- `evaluation_files`, `named_results`, `differences`: numbers of rows, and whether they differ.
- `kept_comparisons`: what is computed of pairs of rows, once.
- `publish`, `run_group`: MLflow shows what the storage holds; `published`: whether it still does.
"""
