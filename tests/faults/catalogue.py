"""All wrong servers and all right ones, by name. Importing a part of the catalogue fills the tables."""

from __future__ import annotations

from tests.faults import (
    bland_access,
    bland_conversations,
    bland_members,
    bland_numbers,
    bland_wire,
    races,
    stuut_access,
    stuut_messages,
    stuut_states,
    stuut_wire,
    twins_bland,
    twins_stuut,
    twins_wire,
)
from tests.faults.model import FAULTS, TWINS, Fault, Twin

__all__ = ["FAULTS", "PARTS", "TWINS", "Fault", "Twin"]

PARTS = (
    bland_access,
    bland_conversations,
    bland_members,
    bland_numbers,
    bland_wire,
    races,
    stuut_access,
    stuut_messages,
    stuut_states,
    stuut_wire,
    twins_bland,
    twins_stuut,
    twins_wire,
)
