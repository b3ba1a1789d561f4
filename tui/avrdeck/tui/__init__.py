"""The Textual app: app wires, screens lay out, widgets show, controllers work."""

import os

FRAMES_A_SECOND = "250"
"""After a paint Textual waits for a frame or two until the next: at its usual 60 a second, what a key does
upon a job's progress would wait for up to 33 ms. What moves by itself limits itself to ten times a second."""

os.environ.setdefault("TEXTUAL_FPS", FRAMES_A_SECOND)  # Textual reads it once, when it is imported
