"""Pictures of what rows found and missed, with the verdict of LVIS's own matching on each mask.

- `judging`: true positive, false positive, ignored or not judged; `opened`: what is read for it.
- `categories`, `images`: which of them are worth seeing.
- `view`, `outlines`, `labels`, `tile`: one thumbnail; `encoding`: its bytes.
- `strips`: ground truth and all rows side by side; `words`: what is said of them.
- `album`: all of it as HTML.
"""
