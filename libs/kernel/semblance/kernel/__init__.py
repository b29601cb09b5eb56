"""Errors, ids, clock, units and the consent rule: standard library only, imported by everything."""
