"""Adapters between the app and the jobs, one a job: the only places that call below the UI."""
