"""Twins for tests of those who call the ports."""

from semblance.watermark.testing.fakes import FakeFingerprint, FakeWatermark

__all__ = ["FakeFingerprint", "FakeWatermark"]
