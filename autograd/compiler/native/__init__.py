"""Machine code.

codegen         LLVM's text of a program
c_source        the same in C, to read and to carry away
machine         text into machine code (llvmlite is imported here)
interpreter     one loop of machine code that runs any program
kernels         a program's machine code as a Python callable
cpython_entry   Python's arguments taken apart, and results made, by machine code
simd            how many numbers fit into a vector, and the library's functions for vectors
vector_codegen  LLVM's text of a program run over many rows
"""
