"""How long hypothesis searches: HYPOTHESIS_PROFILE=ci is the same search each time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Building a whole network is slow for hypothesis' taste.
_RELAXED = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=150, suppress_health_check=_RELAXED)
settings.register_profile("dev", deadline=None, max_examples=60, suppress_health_check=_RELAXED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
