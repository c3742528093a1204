"""Sections, one a file: from a report to the figures, tables and notes that answer one question.

Each has a function from a `Report` to a `Section`, or None where the report has nothing of it.
"""
