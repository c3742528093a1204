"""Figures, one a file: what is drawn as a table, the table as a chart, both as a `Figure`.

A figure's function takes rows, trainings or trees of results and returns a `Figure`, which a
notebook shows by itself; `Figure.chart` is the Altair chart, to be changed at will.
"""
