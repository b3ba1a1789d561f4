"""Verbs that touch no port: parts, boards, what fuse bytes mean, baud rates, wiring."""
