"""Work on the chip behind a programmer, a memory a module."""
