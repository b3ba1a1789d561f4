"""The chips that were seen: one SQLite file, safe with several processes.

`book.Inventory` records and finds, `export` writes CSV and JSON.
"""
