"""The one command tree behind the command line, the line console and the console pane."""
