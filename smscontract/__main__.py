"""`python -m smscontract`: the command line, of this interpreter."""

from __future__ import annotations

from smscontract.cli import main

if __name__ == "__main__":  # processes that judge begin with this module, too
    main()
