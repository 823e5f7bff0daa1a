"""What a reader may change or answer: `explore`, the quiz, exercises.

widget         `explore`, in a notebook
exercise       graphs whose every step can be done in the head; sheet: the same on paper
exploration    one thing that is explored, without any user interface
quiz           what is asked, and what an answer is worth; slips, hints: what to say of it
explorable     what can be explored: formulas, functions, graphs, models
moments        numbers, the graph they give, and its picture
live_picture   a picture whose lines have ids; lines: what stands in them
typed_numbers  numbers as people type them
panel          the paths behind the gradient of one value
saved_page     an exploration as a page of its own
page_parts     what pages are made of
phrases, wording  what is said, in each language
translation    sentences of the engine in another language
tutor_phrases, error_phrases  their forms: what the tutor says, and errors, in Chinese
explorer.js, explorer.css, still.js  what a reader sees; picture.js, picture.css: the player too
"""

from autograd.exploring.exercise import exercise
from autograd.exploring.explorable import explorable
from autograd.exploring.exploration import Exploration
from autograd.exploring.widget import explore

__all__ = ["Exploration", "exercise", "explorable", "explore"]
