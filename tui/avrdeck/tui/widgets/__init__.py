"""Widgets: each shows one thing and posts what the user did to it."""
