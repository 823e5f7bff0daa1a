"""What the player says besides its picture, in each language; names of the engine (`.grad`) are
the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograd.drawing.picture_words import PICTURE_WORDS, PictureWords
from autograd.engine.text import plural, quantity

__all__ = ["LANGUAGES", "Wording"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Sentences with names and numbers left open, as for str.format.

    picture: what stands in the picture. page: what the script says by itself, by the keys that
    player.js has for it. counted: a noun with its number, by the noun in English; where a language
    has no plural, one form.
    """

    picture: PictureWords
    start: str
    start_note: str
    derivatives: str
    leaf: str
    stale: str
    seed: str
    input: str
    adjoint_0: str
    not_used: str
    message: str
    waits: str
    complete: str
    may_send: str
    both_in: str
    all_in: str
    walked: str
    saved: str
    paths: str
    more_paths: str
    and_then: str
    listed: str
    counted: Mapping[str, str] = field(default_factory=dict)
    page: Mapping[str, str] = field(default_factory=dict)

    def count(self, number: int, noun: str) -> str:
        """`3 edges`."""
        known = self.counted.get(noun)
        return known.format(quantity(number)) if known else plural(number, noun)


LANGUAGES = {
    "en": Wording(
        picture=PICTURE_WORDS["en"],
        start="Values first, then gradients",
        start_note="press Play, or Next for one step at a time",
        derivatives="local derivatives: {}",
        leaf="an input of the graph",
        stale="computed earlier, before an input was changed",
        seed="the pass back starts here: {} = 1",
        input=" (input {})",
        adjoint_0="{output}.grad is 0, so nothing flows, even where {derivative} is {partial}",
        not_used="{operation} did not use {parent} here, so nothing flows",
        message="{output}.grad × the local derivative {derivative}",
        waits="{name} waits for {messages}",
        complete="{name}.grad is complete",
        may_send="{name}.grad is complete, so {name} may send",
        both_in="both messages are in: {name}.grad is complete",
        all_in="all {count} messages are in: {name}.grad is complete",
        walked="backpropagation walked {}, each once",
        saved="following every path would walk {}",
        paths="{paths} to {root}",
        more_paths="… and {} more",
        and_then="; ",
        listed=", ",
        page={
            "restart": "Restart",
            "back": "Back",
            "play": "Play",
            "pause": "Pause",
            "next": "Next",
            "step": "Step",
            "speed": "Speed",
            "begin": "Start",
            "values": "Forward",
            "gradients": "Backward",
            "done": "Result",
            "count": "{at} of {all}",
            "stage": "Diagram. Arrow keys step, space plays, Home and End jump.",
            "node": "{name}, value {value}, gradient {gradient}, {paths}",
            "point": "Point at a value, or press Tab, to see the paths behind its gradient.",
            "tap": "Tap a value to see the paths behind its gradient.",
            "product": "product of the local derivatives",
            "sum": "sum over all paths",
            "steps": "All {} steps in words",
            "value": "value {number}",
            "grad": "grad {number}",
        },
    ),
    "zh": Wording(
        picture=PICTURE_WORDS["zh"],
        start="先算值，再算梯度",
        start_note="按“播放”，或按“下一步”一步一步看",
        derivatives="局部导数：{}",
        leaf="图的一个输入",
        stale="这个值算出之后，它的输入又被改过",
        seed="反向传播从这里开始：{} = 1",
        input="（第 {} 个输入）",
        adjoint_0="{output}.grad 是 0，所以什么也不传，即使 {derivative} 是 {partial}",
        not_used="{operation} 在这里没有用到 {parent}，所以什么也不传",
        message="{output}.grad × 局部导数 {derivative}",
        waits="{name} 还要等 {messages}",
        complete="{name}.grad 已经完整",
        may_send="{name}.grad 已经完整，{name} 可以往回送了",
        both_in="两条消息都到了：{name}.grad 已经完整",
        all_in="{count} 条消息都到了：{name}.grad 已经完整",
        walked="反向传播走了 {}，每条只走一次",
        saved="若沿每条路径各走一遍，要走 {} 条",
        paths="到 {root} 有 {paths}",
        more_paths="…… 还有 {} 条",
        and_then="；",
        listed="，",
        counted={
            "value": "{} 个值",
            "edge": "{} 条边",
            "more message": "{} 条消息",
            "path": "{} 条路径",
        },
        page={
            "restart": "重来",
            "back": "上一步",
            "play": "播放",
            "pause": "暂停",
            "next": "下一步",
            "step": "步骤",
            "speed": "速度",
            "begin": "开始",
            "values": "前向",
            "gradients": "反向",
            "done": "结果",
            "count": "{at} / {all}",
            "stage": "计算图。左右方向键逐步走，空格键播放，Home 和 End 键跳到两端。",
            "node": "{name}，值 {value}，梯度 {gradient}，{paths}",
            "point": "把鼠标指向一个值，或用 Tab 键移到它，就能看到构成其梯度的各条路径。",
            "tap": "点一下某个值，就能看到构成其梯度的各条路径。",
            "product": "局部导数之积",
            "sum": "所有路径之和",
            "steps": "全部 {} 步的文字",
            "value": "值 {number}",
            "grad": "梯度 {number}",
        },
    ),
}
