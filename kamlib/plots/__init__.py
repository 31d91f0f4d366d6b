"""Charts of the kit: one module per noun, each function takes a table and returns the axes it drew
on.

Titles say the finding, colours keep their meaning (`kamlib.plots.style`), and nothing here computes
statistics.
"""
