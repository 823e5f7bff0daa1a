"""Compiling: `jit` records a function and replays it as machine code, `vmap` over whole batches.

A first call runs the function on Values and keeps a *trace* of it, which is read off as a program.
Decisions that the function took become *guards*. The program of one path through the function is a
*specialization*; *lowered* to instructions it becomes a *kernel* in machine code, with an *entry*
in CPython's calling convention. In reading order:

ir/          programs: printed, interpreted, optimised, lowered to a machine's instructions
native/      instructions as C, as machine code, as vectors; how Python calls it
recording/   running a function on Values, and what it did as a program
path_tree               how the recorded paths part, and how the right one is found
relatives               paths that do the same a different number of times, and share machine code
specializations         the program of one path, how it is run, and which one fits a call
batching                which arguments of a mapped function have rows, along which axis
bounds                  how much is kept, and what is said when it is no more
bound                   a compiled function with its arguments and results at fixed places
checking                check mode: a share of the calls compared with the function itself
checked_calls           the calls of a jit function in check mode
checked_rows            those of a vmap function, row by row
stats                   what a compiled function holds, in numbers
jit                     which specialization to run, and when to record another
vector_specializations  the program of one path, for many rows
batch_signatures        all calls with arguments of one nesting, and the paths that their rows take
vmap                    a function of one row, over all rows
"""

from autograd.compiler.checking import CheckFailed
from autograd.compiler.ir.program import Program
from autograd.compiler.jit import Jitted, jit
from autograd.compiler.recording.tracing import RecordingError
from autograd.compiler.vmap import Mapped, vmap

__all__ = ["CheckFailed", "Jitted", "Mapped", "Program", "RecordingError", "jit", "vmap"]
