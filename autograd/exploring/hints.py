"""How a number that is asked for is found, without saying it."""

from __future__ import annotations

from typing import Any, Final

from autograd.engine.text import PARTIAL
from autograd.exploring.phrases import PHRASES
from autograd.exploring.slips import Asked

__all__ = ["hint_for"]

RULES: Final = {  # of an operation, the key of its rule in the phrases
    "add": "rule_add",
    "sum": "rule_add",
    "sub": "rule_sub",
    "neg": "rule_neg",
    "mul": "rule_mul",
    "dot": "rule_mul",
    "div": "rule_div",
    "square": "rule_square",
    "pow_const": "rule_power",
    "mean": "rule_mean",
    "relu": "rule_relu",
    "tanh": "rule_tanh",
    "sigmoid": "rule_sigmoid",
    "exp": "rule_exp",
    "log": "rule_log",
    "maximum": "rule_larger",
    "minimum": "rule_larger",
    "max": "rule_larger",
    "min": "rule_larger",
    "abs": "rule_abs",
    "sqrt": "rule_sqrt",
    "sin": "rule_sin",
    "cos": "rule_cos",
}


def hint_for(asked: Asked, lang: str = "en") -> str:
    """One sentence: the rule of the operation, of messages, or of sums."""
    words = PHRASES[lang]
    if asked.kind == "derivative":
        key = _rule_of(asked.edge.output)
        output, parent = asked.name(asked.edge.output), asked.name(asked.edge.parent)
        return words[key].format(output=output, parent=parent)
    if asked.kind == "message":
        output, parent = asked.name(asked.edge.output), asked.name(asked.edge.parent)
        ratio = f"{PARTIAL}{output}/{PARTIAL}{parent}"
        return words["hint_message"].format(output=output, ratio=ratio)
    name = asked.name(asked.node)
    if asked.node is asked.graph.root:
        return words["hint_seed"].format(name=name)
    outputs = list(dict.fromkeys(map(asked.name, asked.outputs)))
    listed = words["and"].join(outputs)
    key = "hint_sum" if len(asked.terms) > 1 else "hint_alone"
    return words[key].format(name=name, outputs=listed, count=len(asked.terms))


def _rule_of(node: Any) -> str:
    return RULES.get(node.op, "rule_any")
