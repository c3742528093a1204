"""The study of a suppressed tail: `python -m docs.studies.suppressed --runs FOLDER`, from the
repository's root.

Makes the data set, trains and evaluates every row with every seed, prints the tables of
`suppressed_tail.md` and writes the figures of `suppressed_tail.json`. A rerun skips what is
finished.
"""

from docs.studies.command import study_command
from docs.studies.suppressed.rows import PAIRS, study_rows
from docs.studies.suppressed.set import write_suppressed_set
from docs.studies.tail.__main__ import report
from longtail.commands import run

main = study_command("suppressed", write_suppressed_set, lambda _: study_rows(), PAIRS, report)

if __name__ == "__main__":
    run(main)
