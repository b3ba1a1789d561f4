"""The jobs that the campaign disturbs, by name."""

from jobs.trials import boot, gang, isp, keeping, patching
from jobs.trials.model import Content, Stage, Trial

GROUPS = {
    "isp": isp.TRIALS,
    "edits": patching.TRIALS,
    "keeping": keeping.TRIALS,
    "bootloaders": boot.TRIALS,
    "gang": gang.TRIALS,
}
TRIALS: dict[str, Trial] = {name: trial for group in GROUPS.values() for name, trial in group.items()}

__all__ = ["GROUPS", "TRIALS", "Content", "Stage", "Trial"]
