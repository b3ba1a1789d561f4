"""Reads ``explanations.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from avrdeck.jobs.doctor.model import Cause
from avrdeck.protocol.errors import Fault

FILE = Path(__file__).with_name("explanations.toml")


def explain(key: str, *, rule: str = "", sure: bool = False, **facts: object) -> Cause:
    """The explanation ``key`` with ``facts`` filled in."""
    words = {name: text.format_map(facts) for name, text in entries()[key].items()}
    wires = tuple(words.get("wires", "").split())
    return Cause(rule, words["title"], words["text"], words["action"], sure, words.get("sketch", ""), wires)


def explain_fault(key: str, fault: Fault) -> Cause:
    """The explanation ``key`` of ``fault``, with its own words filled in."""
    found = explain(key, title=fault.title, detail=fault.detail, advice=fault.advice)
    return replace(found, text=found.text.strip(), action=found.action.strip())


@cache
def entries() -> Mapping[str, Mapping[str, str]]:
    """Every explanation by key, with its braces."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
