"""What the explorer and the quiz say, in each language, besides what the player says too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["PHRASES"]

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "leaves": "Move a number; every value, message and gradient follows.",
        "number": "{name}, as a number",
        "slider": "{name}",
        "reset": "Start again",
        "step_down": "One step of gradient descent",
        "rate": "step size",
        "loss": "loss",
        "losses": "loss after {count} steps: from {first} to {last}",
        "picture": "Diagram. Tab goes from value to value.",
        "waiting": "No answer from Python; run the cell again.",
    },
    "zh": {
        "leaves": "移动一个数，所有的值、消息和梯度都会跟着变。",
        "number": "{name} 的数值",
        "slider": "{name}",
        "reset": "重新开始",
        "step_down": "梯度下降一步",
        "rate": "步长",
        "loss": "损失",
        "losses": "{count} 步之后的损失：从 {first} 到 {last}",
        "picture": "计算图。Tab 键在各个值之间移动。",
        "waiting": "Python 没有回应；请重新运行这个单元格。",
    },
}
