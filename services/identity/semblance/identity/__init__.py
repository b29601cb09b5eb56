"""Opt-in, consents, face matches and erasure."""
