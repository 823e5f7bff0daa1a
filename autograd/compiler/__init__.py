"""Compiling: `jit` records a function and replays it as machine code.

tracing      runs the function on Values and reads the program off the graph
program      a flat list of operations, printed and interpreted in plain Python
passes       shorter programs of the same bits
lowering     primitives in terms of a machine's instructions
assembly     LLVM's text of a program; csource the same in C
machine      text into machine code (llvmlite is imported here)
interpreter  one loop of machine code that runs any program
kernels      a program's machine code as a Python callable
calling      Python's arguments taken apart, and results made, by machine code
arguments    one call: its numbers, and everything else as a key
paths        the recorded ways through a function, and how each is run
function     `jit`: which path to run, and when to record another
binding      a compiled function with its arguments at fixed places
vectors      how many numbers fit into a vector, and the library's functions for vectors
blocks       LLVM's text of a program run over many rows
speculation  shorter programs that are right where their results are finite
rows         the arguments of a mapped function
rowpaths     a path's program, and its machine code for many rows
forms        all calls with arguments of one nesting, and the paths their rows take
batch        `vmap`
"""

from autograd.compiler.batch import Mapped, vmap
from autograd.compiler.function import Jitted, jit
from autograd.compiler.program import Program
from autograd.compiler.tracing import RecordingError

__all__ = ["Jitted", "Mapped", "Program", "RecordingError", "jit", "vmap"]
