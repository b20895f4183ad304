"""``python -m passrole`` is the command line."""

from __future__ import annotations

from passrole.faces.cli import main

if __name__ == "__main__":
    main()
