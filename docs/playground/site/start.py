"""Imports the engine and the rooms: run once when the site is built, and again only where the
memory that was kept then cannot be restored."""

import contextlib
import importlib
import pkgutil
import sys

if "/packages" not in sys.path:
    sys.path.insert(0, "/packages")

LATER = ("autograd.compiler", "autograd._", "autograd.hook")  # not for the browser

for package in map(importlib.import_module, ("autograd", "nn")):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.startswith(LATER):
            with contextlib.suppress(ImportError):  # of what the browser has not
                importlib.import_module(module.name)

# The worker takes these from here.
rooms = importlib.import_module("playground.rooms")
answer, begin, run_for_page = rooms.answer, rooms.begin, rooms.run_for_page
