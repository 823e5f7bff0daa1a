"""Kinds of statements: tables of templates, from which programs are put together.

A kind is a list of templates, with `===` between them; lines above `---` go to the top of the
module, once. What stands in braces:

n, n+t    a number: an expression over whatever is in scope, and over t too
e+t       a number, of nothing but t, constants and captured Values
a         a number that has a name
c, i      a constant; a whole number from 0 to 3
t         a test, true or false
l         a list of two to four numbers
array     a NumPy array of one dimension; matrix: of two
v         a variable that may be assigned to
new       a name that holds a number from then on
tmp, fun  a name of this statement alone; of a function at the top of the module
w         a captured Value, whose .data is another at every call
body      statements
result    what the function returns at its end; arg: the name of an argument that is a number
"""

from __future__ import annotations

from textwrap import dedent

from fuzz.control_flow import CONTROL_FLOW
from fuzz.data_structures import DATA_STRUCTURES
from fuzz.hazards import HAZARDS

__all__ = ["KINDS"]

KINDS = {
    name: [template.strip("\n") for template in dedent(text).split("\n===\n")]
    for name, text in {**CONTROL_FLOW, **DATA_STRUCTURES, **HAZARDS}.items()
}
