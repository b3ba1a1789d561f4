"""The line console: prompt_toolkit's history, completion and colours over the command tree."""
