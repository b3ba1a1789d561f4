"""Why nothing works: who answers on a port, what is behind it, and what to do next. It never writes.

`diagnosing.diagnose` looks from the port to the target and returns a `model.Report`.
"""
