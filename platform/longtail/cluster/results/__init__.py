"""What finished nodes are for: tables, names, and their record in MLflow.

- `evaluation_files`, `named_results`, `differences`: numbers of rows, and whether they differ.
- `publish`, `run_group`: MLflow shows what the storage holds; `published`: whether it still does.
"""
