"""What a user wants done, free of any UI: typed events out, a receipt at the end."""
