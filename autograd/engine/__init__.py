"""The engine: a number that remembers how it was computed, and the reverse pass over it.

In reading order:

ieee, gamma    real functions that never raise; beside them `special` and `statistics`
primitive      the record of an operation, and how it is called
documentation  what `help` says of it
primitives     the table of operations: forward, local derivatives, domain, kinks, lowering
branchless     how compiled code computes what `ieee` computes with branches
value          `Value`: its number, its edges, its operators
apply          how every other operation makes a node
methods        functions of the table as methods of Value
other_names    what else users of micrograd and PyTorch look for on a Value
other_keywords  what users of PyTorch pass to `backward` and `grad`
backward       the reverse pass
functions      functions over sequences: one node each
graph          walks over a graph, and the graph in columns
block, setting what holds inside a `with` statement
levels         which calls of functions transforms are making
loaded_modules  modules asked for only where somebody has loaded them
locks          locks that a forked child finds free
modes          no_grad, detect_anomaly, record_lines; tracing
observers      what the modes make of a node
lexical_guard  whether an operation is written among a selection's arguments
zero_times_infinity  which zeros of a reverse pass hide an infinity
serialization  copies and pickles of graphs of any depth
hooks          how the modules after `value` lend it their functions
operands       what counts as a number
text           how numbers, names and formulas are written

What every operation runs through is compiled ahead of time where there is a C compiler and the
install is not editable.
"""

import autograd._conflict_check  # noqa: F401 (before anything else of ours)
from autograd.engine import (  # noqa: F401 (a Value is complete with these)
    apply,
    backward,
    documentation,
    methods,
    observers,
    other_keywords,
    other_names,
    serialization,
)
