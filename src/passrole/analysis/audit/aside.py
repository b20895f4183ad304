"""Files that stand beside those of a trail and hold no call: by its path, none of them need be read."""

from __future__ import annotations

from typing import Final

# What CloudTrail puts beside its logs: proofs of them, and summaries.
_FOLDERS: Final = ("/CloudTrail-Digest/", "/CloudTrail-Insight/", "/CloudTrail-Aggregated/")
# Beside the results of queries: CloudTrail Lake's proof, and what Athena notes for itself. Sources:
# CloudTrail User Guide, "Validate CloudTrail Lake saved query results"; Amazon Athena User Guide, "Work with
# query results and recent queries".
_ENDS: Final = ("/result_sign.json", ".csv.metadata", "-manifest.csv")


def is_aside(place: str) -> bool:
    """Is it the path of a digest, a summary or the like?"""
    path = f"/{place}"
    return any(folder in path for folder in _FOLDERS) or path.endswith(_ENDS)
