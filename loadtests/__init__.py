"""Load with a verdict: open-loop arrivals, journeys over the public API, an independent ledger, a report."""
