"""Backups of a chip: taken, kept, compared, restored.

`taking.take` reads one, `guarding.save_first` is what every destructive job calls before it begins,
`files` and `store` keep them, `comparing` and `restoring` use them.
"""
