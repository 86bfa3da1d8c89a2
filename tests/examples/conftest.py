"""What stands here is run as a user would run it, from a copy, by the tests beside it."""

from __future__ import annotations

collect_ignore_glob = ["*/*"]
