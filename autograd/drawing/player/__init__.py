"""The player: a diagram in which values appear and gradients flow back, step by step.

player     `steps`, and the page it makes
animation  both passes as a list of moments, in words and numbers
player.js, player.css  what runs in the browser
"""

from autograd.drawing.player.player import Player, steps

__all__ = ["Player", "steps"]
