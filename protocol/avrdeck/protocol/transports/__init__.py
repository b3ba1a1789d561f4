"""Serial lines, one file each, behind one small contract (`base.Transport`)."""
