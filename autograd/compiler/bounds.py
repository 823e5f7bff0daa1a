"""The bounds of what a compiled function keeps, and what is said when one is reached."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from autograd.compiler.said_to_callers import warn
from autograd.compiler.specializations import SpecializationCache
from autograd.engine.primitives import describe

__all__ = ["Bounds"]


class Bounds:
    """So many paths of a nesting, so many nestings; and how many calls ran uncompiled because no
    more are kept."""

    def __init__(self, paths: int, nestings: int) -> None:
        for name, bound in (("max_paths", paths), ("max_nestings", nestings)):
            if type(bound) is not int or bound < 1:
                raise ValueError(f"{name} is a whole number from 1, got {describe(bound)}")
        self.paths = paths
        self.nestings = nestings
        self.uncompiled = 0
        self._has_warned = False

    def are_reached(
        self, caches: Mapping[Hashable, SpecializationCache], key: Hashable, name: str
    ) -> bool:
        """Whether a function keeps no more for arguments with this key; the first time with a
        warning."""
        cache = caches.get(key)
        if cache is None:
            if len(caches) < self.nestings:
                return False
            self.warn_of_nestings(name)
            return True
        if len(cache) < self.paths:
            return False
        if not cache.warned:
            cache.warned = True
            warn(
                f"{name} has taken {self.paths} different paths; further ones run uncompiled. What "
                f"splits most of them is the decision on {cache.most_splitting()}: make it with "
                "autograd.where, or raise max_paths"
            )
        return True

    def warn_of_nestings(self, name: str) -> None:
        """Once."""
        if not self._has_warned:
            self._has_warned = True
            warn(
                f"{name} has been called with {self.nestings} different nestings of arguments or "
                "static values (every length of a list is one, and every shape of an array); "
                "further ones run uncompiled. Pad to a few lengths, make static arguments plain "
                "ones, or raise max_nestings"
            )
