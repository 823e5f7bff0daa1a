"""What a reader may change or answer: `explore`, the quiz, exercises.

widget         `explore`, in a notebook
exploration    one thing that is explored, without any user interface
explorable     what can be explored: formulas, functions, graphs, models
moments        numbers, the graph they give, and its picture
live_picture   a picture whose lines have ids, and what stands in them
typed_numbers  numbers as people type them
panel          the paths behind the gradient of one value
phrases, wording  what is said, in each language
page_parts     what pages are made of
explorer.js, explorer.css  what a reader sees; picture.js, picture.css: what the player sees too
"""

from autograd.exploring.explorable import explorable
from autograd.exploring.exploration import Exploration
from autograd.exploring.widget import explore

__all__ = ["Exploration", "explorable", "explore"]
