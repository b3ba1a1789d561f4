"""Screens: layouts, and the modal dialogs."""
