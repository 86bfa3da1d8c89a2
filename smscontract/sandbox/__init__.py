"""A reference server of both shipped providers: stateful, and correct by their contracts.

`app.create_app` gives the ASGI application, `server.running` runs one in a thread, `server.serve` runs the sandbox until a
signal comes. Whatever a page leaves open is decided in `stuut.py` and `bland.py`, one small method per decision, so that a
deliberately wrong server is a subclass of a few lines. Nothing in here is imported by the judge.
"""
