"""What is known before any wire is touched: parts, fuses, boards, images. Pure functions and data.

`catalog` finds a part, `models` is what is known of it, `fuses`, `fusefields` and `labels` say what its
bytes mean, `safety` what is dangerous about them. `boards` finds Arduino boards, in installed cores
(`boards_txt`) and built in (`builtin`). `partdata` reads the files in ``data/`` for `catalog`.
"""
