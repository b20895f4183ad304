"""passrole: enforces and explains iam:PassRole."""

from __future__ import annotations

__version__ = "0.1.0"
