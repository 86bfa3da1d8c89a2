"""Contract tests for SMS provider APIs: which sentence of the contract is broken, from recordings or from a live server."""

__all__ = ["__version__"]

__version__ = "0.1.0"
