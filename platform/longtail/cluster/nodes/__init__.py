"""Units of work: what they are, and how they stand in storage.

- `node`, `plan`, `shared_passes`: from variants to nodes, each once, trainings over one trunk
  together; `result_row`, `merge_row`: rows that are finished results, or merges of rows.
- `pseudo_labels`, `other_files`, `detector_files`: what trainings learn and begin from besides the
  training file.
- `ledger`, `statuses`, `provenance`: what is finished, and what it was made with.
- `trained_node`: a training that is there already, as a row names it.
- `settings`: how a plan is run.
"""
