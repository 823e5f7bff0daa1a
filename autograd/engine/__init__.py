"""The engine: a number that remembers how it was computed, and the reverse pass over it.

In reading order:

ieee           real functions that never raise
primitives     the table of operations: forward, local derivatives, domain, kinks
value          `Value`, its operators, and how a node is made
functions      functions over sequences: one node each
graph          walks over a graph: order, edges, paths
modes          no_grad, detect_anomaly, record_lines
serialization  copies and pickles of graphs of any depth
text           how numbers, names and formulas are written

All but `text` and `serialization` are compiled ahead of time where there is a C compiler.
"""
