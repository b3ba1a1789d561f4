"""What holds for every test."""

from pathlib import Path

import pytest
from hypothesis import settings

# Machines here are noisy: an example that takes long proves nothing.
settings.register_profile("avrdeck", deadline=None)
settings.load_profile("avrdeck")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: minutes of computing; run with -m long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "long" in config.option.markexpr:
        return
    chosen = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
    items[:] = chosen


@pytest.fixture(autouse=True)
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Backups and the inventory go where only this test looks."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("AVRDECK_DATA", str(folder))
    return folder
