"""Rows by the thousand."""
def ping():
    return 1
