"""Request and tables of `grid.py`: what is asked for, what a dry run and a finished grid print."""
