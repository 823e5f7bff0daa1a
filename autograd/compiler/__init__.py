"""Compiling: `jit` records a function and replays it as machine code.

tracing    runs the function on Values and reads the program off the graph
program    a flat list of operations, printed and interpreted in plain Python
passes     shorter programs of the same bits
lowering   primitives in terms of a machine's instructions
assembly   LLVM's text of a program
machine    text into machine code (llvmlite is imported here)
kernels    machine code as a Python callable
function   `jit`: paths, guards, and which of them to run
"""

from autograd.compiler.function import Jitted, jit
from autograd.compiler.program import Program
from autograd.compiler.tracing import RecordingError

__all__ = ["Jitted", "Program", "RecordingError", "jit"]
