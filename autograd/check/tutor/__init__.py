"""Which slip was it? What people do wrong by hand, tried out on the recorded graph.

search                the slips that account for a wrong gradient, the likeliest first
hypotheses            one explanation, and what all of them need to know
recorded_graph        the graph with its seeds, and the same with edges changed
faults_on_paths       one wrong factor on all paths through a node or an edge, or paths left out
common_mistakes       what people write in place of a local derivative
faults_in_rules       local derivatives replaced, one, in a layer, or all
faults_in_components  components off by a factor, swapped, transposed, moved
combined_faults       two or three slips at once
wrong_forward_value   a slip on the way forward
naming                nodes by the names of the function's own variables
"""
