"""Imports the engine and the rooms: run once when the site is built, and again only where the
memory that was kept then cannot be restored."""

import importlib
import pkgutil
import sys

if "/packages" not in sys.path:
    sys.path.insert(0, "/packages")

import autograd
import nn

for package in (autograd, nn):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.startswith(("autograd.compiler", "autograd._", "autograd.hook")):
            try:
                importlib.import_module(module.name)
            except ImportError:
                pass  # it needs a package that the browser has not

from playground.rooms import answer, begin, run_for_page  # noqa: F401  for the worker
