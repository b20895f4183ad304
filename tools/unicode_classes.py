r"""Writes src/passrole/wire/data/unicode.json: the characters of each Unicode general category.

    python tools/unicode_classes.py

AWS's models have patterns with ``\p{L}`` and the like, which Python's ``re`` does not know. Ranges are
given as one text, first and last character of each range alternating.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from itertools import groupby
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/passrole/wire/data/unicode.json"


def main() -> None:
    """One category a line. Unassigned characters and surrogates are left out: no text has them."""
    ranges: dict[str, list[int]] = {}
    numbers = range(sys.maxunicode + 1)
    for category, run in groupby(numbers, key=lambda number: unicodedata.category(chr(number))):
        members = list(run)
        if category not in ("Cn", "Cs"):
            ranges.setdefault(category, []).extend((members[0], members[-1]))
    rows = [
        f'"{category}": {json.dumps("".join(map(chr, found)))}' for category, found in sorted(ranges.items())
    ]
    listed = ",\n".join(rows)
    TARGET.write_text(f'{{"unicode": "{unicodedata.unidata_version}", "categories": {{\n{listed}\n}}}}\n')


if __name__ == "__main__":
    main()
