"""The command line.

main         options and what they print
expressions  formulas, parsed and never evaluated as Python
tables       a graph as a table
demo         `chainrule demo`
"""

from autograd.cli.main import main

__all__ = ["main"]
