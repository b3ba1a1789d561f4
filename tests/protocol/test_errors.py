import pytest

from avrdeck.protocol.errors import Fault


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (Fault("No target answers"), "No target answers"),
        (Fault("No target answers", holds="It is erased."), "No target answers. It is erased."),
        (Fault("What now?", detail="One.", advice="Two."), "What now? One. Two."),
    ],
)
def test_a_fault_in_one_line_is_whole_sentences(fault: Fault, line: str) -> None:
    assert str(fault) == line
