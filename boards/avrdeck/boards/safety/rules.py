"""Runs every rule over a change of fuse and lock bytes."""

from __future__ import annotations

from collections.abc import Mapping

from avrdeck.boards.fuses import require_semantics
from avrdeck.boards.models import Part
from avrdeck.boards.safety import access, application, clocks, erase, lock, supply
from avrdeck.boards.safety.model import Case, Context, Finding

RULES = (*access.RULES, *clocks.RULES, *supply.RULES, *lock.RULES, *application.RULES, *erase.RULES)


def review(
    part: Part, old: Mapping[str, int] | None, new: Mapping[str, int], context: Context | None = None
) -> tuple[Finding, ...]:
    """What is dangerous about writing ``new`` over ``old`` (bytes by memory name), the worst first.

    ``old`` is what was read from the chip, `None` when there is none: a clock source that a chip
    is running on is taken for fitted. Bytes missing in both are unknown and judged nowhere.
    Raises `ValueError` for bytes that the part does not have, `UnknownSemantics` for clones.
    """
    require_semantics(part)
    case = Case(part, old or {}, new, context or Context())
    findings = [finding for rule in RULES for finding in rule(case)]
    return tuple(sorted(findings, key=lambda finding: -finding.severity))
