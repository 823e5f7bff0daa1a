"""Machine code, through LLVM; and C source.

llvm_writer     helper for writing LLVM assembly line by line
llvm_codegen    a program as LLVM assembly; its guards are checked there
c_codegen       the same in C, to read and to carry away
machine         assembly into machine code (llvmlite is imported here)
interpreter     one loop of machine code that runs any program
cpython_layout  where CPython keeps the content of its objects
cpython_entry   Python's arguments taken apart, and results made, by machine code
entry_function  that as a built-in function of Python
shared_code     machine code that several programs run, with numbers of their own
kernels         a program's machine code as a Python callable
simd_target     how many numbers fit into a vector, and which functions there are for vectors
simd_math       functions for vectors, and programs in terms of them
vector_codegen  a program as assembly that runs it over many rows
vector_interpreter  one loop of machine code that runs any program over many rows
vector_kernels  either of the two as a Python callable over arrays
"""
