"""Compiling: `jit` records a function and replays it as machine code, `vmap` over whole batches.

recording/   running a function on Values, and what it did as a program
ir/          programs: printed, interpreted, improved, lowered to a machine's instructions, as C
native/      programs as machine code, and how Python calls it
specializations         the recorded paths through a function, and how each is run
jit                     which path to run, and when to record another
bound                   a compiled function with its arguments at fixed places
batching                which arguments of a mapped function have rows
vector_specializations  a path's program, and its machine code for many rows
batch_signatures        all calls with arguments of one nesting, and the paths their rows take
vmap                    a function of one row, over all rows
"""

from autograd.compiler.ir.program import Program
from autograd.compiler.jit import Jitted, jit
from autograd.compiler.recording.tracing import RecordingError
from autograd.compiler.vmap import Mapped, vmap

__all__ = ["Jitted", "Mapped", "Program", "RecordingError", "jit", "vmap"]
