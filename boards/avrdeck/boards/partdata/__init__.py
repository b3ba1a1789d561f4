"""Reads what ``data/`` says of the parts: the index of them all, and one part with the tables it refers to.

Only `avrdeck.boards.catalog` and the tools in ``boards/tools`` need this package.
"""
