"""Arduino cores on this machine: what their boards.txt says should be burned."""
