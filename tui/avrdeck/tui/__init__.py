"""The Textual app: app wires, screens lay out, widgets show, controllers work."""
