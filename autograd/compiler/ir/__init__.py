"""The intermediate representation: programs, before any particular machine.

program           a flat list of operations, printed and interpreted in plain Python
packed_columns    what passes read and write: numbers without an object each
passes            shorter programs of the same bits
lowering          primitives in terms of a machine's instructions
finite_fast_path  shorter programs that are right where their results are finite
"""

import autograd.compiler.ir.packed_columns  # noqa: F401 (first: it says what is missing)
