"""What is known before any wire is touched: parts, fuses, boards, images. Pure functions and data."""
