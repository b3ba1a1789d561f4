"""What holds for every test."""

from pathlib import Path

import pytest
from hypothesis import settings

# Machines here are noisy: an example that takes long proves nothing.
settings.register_profile("avrdeck", deadline=None)
settings.load_profile("avrdeck")


@pytest.fixture(autouse=True)
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Backups and the inventory go where only this test looks."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("AVRDECK_DATA", str(folder))
    return folder
