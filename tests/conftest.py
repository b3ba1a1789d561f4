"""What holds for every test."""

from hypothesis import settings

# Machines here are noisy: an example that takes long proves nothing.
settings.register_profile("avrdeck", deadline=None)
settings.load_profile("avrdeck")
