"""Programs in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

__all__ = ["printed_by"]


def printed_by(program: str, *args: object, seconds: float | None = None) -> str:
    """What a program prints, which runs to its end without an error or a warning."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    assert done.returncode == 0, done.stderr or done.returncode
    return done.stdout.strip()
