"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A busy machine makes a slow example, not a wrong one: no test here is about time.
settings.register_profile("passrole", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("passrole")
