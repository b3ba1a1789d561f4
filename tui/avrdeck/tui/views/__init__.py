"""Pure functions from state to painted rows."""
