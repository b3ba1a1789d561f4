"""Serial numbers: where they come from (`counter`, `template`) and how they get into a chip (`stamping`)."""
