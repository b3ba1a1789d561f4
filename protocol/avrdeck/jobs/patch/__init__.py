"""Single bytes changed in flash or EEPROM: `planning.plan_patch` says what that takes, `running` does it."""
