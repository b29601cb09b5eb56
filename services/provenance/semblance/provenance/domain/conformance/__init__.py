"""Whether a manifest keeps C2PA's published requirements, and the promises that this project makes beyond them."""

from semblance.provenance.domain.conformance.judging import REQUIREMENTS, NotConforming, explain, require
from semblance.provenance.domain.conformance.requirement import Broken, Requirement

__all__ = ["REQUIREMENTS", "Broken", "NotConforming", "Requirement", "explain", "require"]
