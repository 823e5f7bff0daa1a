"""NumPy at the boundary: what its functions and operators do with Values and with arrays of them.

In reading order:

elements          plain object arrays of Values and floats
scalar_functions  the elementwise functions, of numbers
refusals          what is not available, and what to write instead
products          products of vectors and matrices, convolutions
ufuncs            universal functions, their reductions and their keywords
reductions        sums, means, extremes, along axes
ordering          sorting, ranks, sets, tables
pointwise         the other functions of each element
slopes            differences in tables
dense             linear algebra of small dense matrices
shaping           what moves elements about
value_array       `ValueArray`, and who answers NumPy
protocol          the same for a single Value

Only `protocol` is loaded without NumPy.
"""

import autograd.arrays.protocol  # noqa: F401 (a Value answers NumPy)
