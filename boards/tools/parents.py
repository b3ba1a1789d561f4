"""Chooses which part each variant is written against, so that the files say as little as possible."""

from __future__ import annotations

import json
from typing import Any

Table = dict[str, Any]
MAX_DEPTH = 2
LIKENESS = 0.25
"""A part that differs in more than this share of what there is to say is no variant."""
FILE_COST = 60
"""What having a parent costs a reader, in characters of difference: small savings are not worth it."""


def difference(parent: Table, child: Table) -> Table:
    """What ``child`` adds to or changes in ``parent``; tables are compared key by key."""
    changed: Table = type(child)()
    for key, value in child.items():
        if key not in parent:
            changed[key] = value
        elif isinstance(value, dict) and isinstance(parent[key], dict):
            inner = difference(parent[key], value)
            if inner:
                changed[key] = inner
        elif value != parent[key]:
            changed[key] = value
    return changed


def _related(parent: Table, child: Table) -> bool:
    """A variant is of its parent's family, or the same chip under another name, and mostly the same."""
    same_kind = parent["family"] == child["family"] or parent["signature"] == child["signature"]
    return (
        same_kind and _inherits(parent, child) and _size(difference(parent, child)) < LIKENESS * _size(child)
    )


def _inherits(parent: Table, child: Table) -> bool:
    """A variant can add and change but not take away."""
    return all(
        key in child
        and (not isinstance(value, dict) or (isinstance(child[key], dict) and _inherits(value, child[key])))
        for key, value in parent.items()
    )


def _size(table: Table) -> int:
    return len(json.dumps({key: value for key, value in table.items() if key != "ordering"}))


def choose_parents(parts: dict[str, Table]) -> dict[str, str]:
    """The parent of each variant: an earlier part, never deeper than `MAX_DEPTH`, greatest savings first."""
    names = list(parts)
    savings = []
    for position, name in enumerate(names):
        for earlier in names[:position]:
            if _related(parts[earlier], parts[name]):
                saved = _size(parts[name]) - _size(difference(parts[earlier], parts[name])) - FILE_COST
                savings.append((-saved, position, names.index(earlier), name, earlier))
    parents: dict[str, str] = {}
    for negative, _, _, name, earlier in sorted(savings):
        if negative < 0 and name not in parents and _depth(parents, name, earlier) <= MAX_DEPTH:
            parents[name] = earlier
    return parents


def _depth(parents: dict[str, str], name: str, parent: str) -> int:
    """Length of the longest chain that the choice would make."""
    above = 1
    while parent in parents:
        parent, above = parents[parent], above + 1
    return above + _height(parents, name)


def _height(parents: dict[str, str], name: str) -> int:
    return max(
        (1 + _height(parents, child) for child, parent in parents.items() if parent == name), default=0
    )
