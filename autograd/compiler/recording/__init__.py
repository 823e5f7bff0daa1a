"""Recording: running a function on Values and keeping what it did.

tracing         the tracer, which hears of every decision, and the program read off the graph
arguments       one call: its numbers, and everything else as a key
plain_floats    the same call with floats, which has to come to the same
recording_tape  derivatives of what was recorded: nodes or, in `operation_columns`, none
parting         the line at which the two go on differently
"""
