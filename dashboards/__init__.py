"""What users look at: one offline page for results of any kind, MLflow's views, files for papers.

- `sources`: readers, one for each kind of result; they read what commands left behind.
- `look`, `figure`, `tables`: colours and type, a figure and a table on a page and on paper.
- `figures`: one file a figure: from results to a table, from the table to a chart.
- `pictures`: what rows find and miss in images, with the verdict on each mask.
- `sections`: which figures and tables answer a question; `pages`: sections as one HTML file.
- `ablation`: the cells of a ranking; `views`: MLflow's page; `live`: what runs now.
- Commands: `report`, `gallery`, `watch`, `mlflow_views`, `ui`.
"""
