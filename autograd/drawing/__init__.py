"""Pictures of computation graphs and of models.

detail            `draw`, and its options
choosing          how much a picture shows: as much as can be read on a page
placing, page     which way it runs, and how large it will be
rows              a long picture broken into rows
value_boxes       a box per Value
repeated          of many terms of one form, the first
collapse          a box per neuron or layer, where that would be too many
model_boxes       a model without any computation
picture           boxes and arrows, before they are DOT
formulas          how a value was made
number_text       how a number is written
picture_words     what is said besides names and numbers, in each language
crowded           many arrows as one, long ones as short ones
palette           colours
dot_language      labels as DOT, in which any text is safe
diagram           what `draw` returns: a graphviz.Digraph that shows itself
svg               words in the SVG, for those who can't see it
graphviz_program  which Graphviz runs
other_layouts     a function in its place, where nothing can be run: in a browser
player            `steps`: the same picture, in which values appear and gradients flow back

The `graphviz` package is imported when the first picture is drawn, not before.
"""

from autograd.drawing.detail import draw
from autograd.drawing.other_layouts import lay_out_with
from autograd.drawing.value_boxes import NAME_WIDTH

__all__ = ["NAME_WIDTH", "draw", "lay_out_with"]
