"""What pictures say, in each of their languages; names and operations are the same in all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograd.drawing.number_text import MAX_TERMS, figure, signed
from autograd.engine.text import MORE_INPUTS, plural, quantity
from autograd.explaining.staleness import SENTENCES

__all__ = ["ENGLISH", "PICTURE_WORDS", "PictureWords", "known_language"]


@dataclass(frozen=True, slots=True)
class PictureWords:
    """Words with names and numbers left open, as for str.format.

    kinds: of boxes. counted: a noun with its number, by the noun in English; where that is missing,
    the English plural. ranges: of how many numbers, and from where to where they go.
    """

    lang: str
    # numbers
    infinite: str
    more_terms: str
    more_inputs: str
    from_to: str
    all_of: str
    nan_among_them: str
    # boxes
    value: str
    grad: str
    held: str
    largest_grad: str
    of_parameters: str
    operation_of: str
    assigned_later: str
    changed_to: str
    or_: str
    stale: str
    about_value: str
    spoken_value: str
    constant: str
    left_out: str
    further_away: str
    more_like: str
    groups_of_numbers: str
    plain_numbers: str
    bias: str
    function: str
    about_input: str
    listed: str
    # arrows
    which_input: str
    passes_nothing: str
    sent_back: str
    from_to_output: str
    each: str
    several: str
    many_derivatives: str
    many_sent: str
    about_many: str
    about_bundle: str
    # above the picture, and in its place
    backward_not_run: str
    in_rows: str
    terms_left_out: str
    names_of_distant: str
    colours_of_flow: str
    colours_of_weights: str
    too_wide: str
    size: str
    result: str
    gradients: str
    gradients_of_seed: str
    and_more: str
    end: str
    drawn_as: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    counted: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, str] = field(default_factory=dict)
    thickness: Mapping[str, str] = field(default_factory=dict)
    boxes_per: Mapping[str, str] = field(default_factory=dict)
    assigned: Mapping[str, str] = field(default_factory=dict)

    def count(self, number: int, noun: str) -> str:
        """`3 edges`."""
        known = self.counted.get(noun)
        return known.format(quantity(number)) if known else plural(number, noun)

    def spelled(self, x: float) -> str:
        """A result: as `figure`, and an infinity also in words.

        >>> ENGLISH.spelled(5.0), ENGLISH.spelled(float("-inf"))
        ('5', '−∞, infinite')
        """
        return self.infinite.format(figure(x)) if math.isinf(x) else figure(x)

    def equation(self, terms: Sequence[float], sign: str, total: float) -> str:
        """`2 + 3 = 5`; the total alone where there is one term, the first terms where there are
        many.

        >>> ENGLISH.equation([2.0, -3.0], "+", -1.0), ENGLISH.equation([5.0], "+", 5.0)
        ('2 + (−3) = −1', '5')
        """
        if len(terms) < 2:
            return self.spelled(total)
        shown = [signed(x) if i else figure(x) for i, x in enumerate(terms)]
        if len(shown) > MAX_TERMS:
            rest = len(shown) - MAX_TERMS + 1
            shown = [*shown[: MAX_TERMS - 1], self.more_terms.format(rest)]
        return f"{f' {sign} '.join(shown)} = {self.spelled(total)}"

    def range_of(self, numbers: Sequence[float]) -> str:
        """From where to where they go.

        >>> ENGLISH.range_of([2.0, -1.0]), ENGLISH.range_of([3.0])
        ('from −1 to 2', 'of 3')
        """
        if any(map(math.isnan, numbers)):
            return self.nan_among_them
        low, high = min(numbers), max(numbers)
        if low == high:
            return self.all_of.format(figure(low))
        return self.from_to.format(figure(low), figure(high))


ENGLISH = PictureWords(
    lang="en",
    infinite="{}, infinite",
    more_terms="({:,} more)",
    more_inputs=MORE_INPUTS,
    from_to="from {} to {}",
    all_of="of {}",
    nan_among_them="with NaN among them",
    value="value {}",
    grad="grad {}",
    held="in .grad: {}",
    largest_grad="|grad| ≤ {}",
    of_parameters="parameters: {}",
    operation_of="{name} = {operation} of {count}",
    assigned_later="assigned later: computed as {}",
    changed_to="{name} changed to {number}",
    or_=" or ",
    stale="computed before {}",
    about_value="{title}: value {value}, gradient {gradient}",
    spoken_value="{title}: {value}, ",
    constant="the number {}",
    left_out="{} left out",
    further_away="{}, whose own box is further away",
    more_like="{count:,} more like {name}",
    groups_of_numbers="{:,} × {:,} numbers",
    plain_numbers="plain numbers",
    bias="bias {}",
    function="function",
    about_input="input {}",
    listed=", ",
    which_input=" (input {})",
    passes_nothing="{} passes nothing",
    sent_back="; sent back: ",
    from_to_output="{parent} to {output}: ",
    each="{} each",
    several="{} to {}",
    many_derivatives="{}, local derivatives",
    many_sent="sent in all: {}",
    about_many="{edges}, local derivatives {each}; sent back in all: {sent}",
    about_bundle="{edges}, |messages| add up to {sum}",
    backward_not_run="backward() has not run here: grad is what it would give",
    in_rows="read row by row; dashed boxes: values of a row above, by their names",
    terms_left_out="dashed boxes: more terms of the same form as the one that is drawn",
    names_of_distant="dashed boxes: values whose own box is further away, named where their arrows "
    "would be long",
    colours_of_flow="arrows: solid blue where the local derivative is positive, dashed orange "
    "where it is negative; the thicker, the more is sent back",
    colours_of_weights="arrows: weights, solid blue if positive, dashed orange if negative; {}",
    too_wide="{:.1f} pages wide: scroll, or draw less of it (detail=, depth=) or in another "
    "direction",
    size="{values}, {edges}.",
    result=" {root} = {number}.",
    gradients=" {}.",
    gradients_of_seed=" Gradients: {listed}, from {root} {seed}.",
    and_more="and {}",
    end=".",
    drawn_as=" Drawn as {boxes:,} boxes, {per}.",
    ranges={
        "values": "{:,} values {}",
        "grads": "{:,} grads {}",
        "weights": "{:,} weights {}",
        "biases": "{:,} biases {}",
        "parameters": "{:,} parameters {}",
    },
    thickness={
        "gradient": "the thicker, the larger the gradient",
        "weight": "the thicker, the larger the weight",
    },
    boxes_per={"neuron": "a box per neuron", "layer": "a box per layer"},
    assigned=SENTENCES,
)

CHINESE = PictureWords(
    lang="zh",
    infinite="{}，无穷",
    more_terms="(另有 {:,} 项)",
    more_inputs="… 另有 {:,} 项 …",
    from_to="从 {} 到 {}",
    all_of="都是 {}",
    nan_among_them="其中有 NaN",
    value="值 {}",
    grad="梯度 {}",
    held=".grad 里是 {}",
    largest_grad="|梯度| ≤ {}",
    of_parameters="参数：{}",
    operation_of="{name} = {operation}（{count} 个输入）",
    assigned_later="后来被赋值：算出时是 {}",
    changed_to="{name} 改成 {number}",
    or_="或 ",
    stale="算出之后，{}",
    about_value="{title}：值 {value}，梯度 {gradient}",
    spoken_value="{title}：{value}，",
    constant="常数 {}",
    left_out="{}，没有画出",
    further_away="{}，它自己的方框在别处",
    more_like="另有 {count:,} 个与 {name} 同形",
    groups_of_numbers="{:,} × {:,} 个数",
    plain_numbers="普通的数",
    bias="偏置 {}",
    function="函数",
    about_input="输入 {}",
    listed="，",
    which_input="（第 {} 个输入）",
    passes_nothing="{}，什么也不传",
    sent_back="；往回送：",
    from_to_output="{parent} 到 {output}：",
    each="各为 {}",
    several="从 {} 到 {}",
    many_derivatives="{}，局部导数",
    many_sent="共送回 {}",
    about_many="{edges}，局部导数{each}；共送回 {sent}",
    about_bundle="{edges}，各条消息的绝对值之和为 {sum}",
    backward_not_run="这里还没有运行 backward()：图中的梯度是它会给出的",
    in_rows="逐行阅读；虚线方框：前面某一行的值，写着它的名字",
    terms_left_out="虚线方框：与画出的那一项同形的其余各项",
    names_of_distant="虚线方框：自己的方框在别处的值；箭头会太长的地方只写名字",
    colours_of_flow="箭头：局部导数为正画蓝色实线，为负画橙色虚线；越粗，往回送的越多",
    colours_of_weights="箭头：权重，为正画蓝色实线，为负画橙色虚线；{}",
    too_wide="有 {:.1f} 页宽：请左右滚动，或少画一些（detail=、depth=），或换一个方向",
    size="{values}，{edges}。",
    result="{root} = {number}。",
    gradients="{}。",
    gradients_of_seed="梯度：{listed}，从 {root} 的 {seed} 开始。",
    and_more="还有 {}",
    end="。",
    drawn_as="画成 {boxes:,} 个方框，{per}。",
    kinds={"input": "输入", "parameter": "参数", "output": "输出"},
    counted={
        "value": "{} 个值",
        "edge": "{} 条边",
        "input": "{} 个输入",
        "output": "{} 个输出",
        "parameter": "{} 个参数",
        "operation": "{} 个运算",
        "neuron": "{} 个神经元",
        "number": "{} 个数",
        "more gradient": "{} 个梯度",
    },
    ranges={
        "values": "{:,} 个值：{}",
        "grads": "{:,} 个梯度：{}",
        "weights": "{:,} 个权重：{}",
        "biases": "{:,} 个偏置：{}",
        "parameters": "{:,} 个参数：{}",
    },
    thickness={"gradient": "越粗，梯度越大", "weight": "越粗，权重越大"},
    boxes_per={"neuron": "每个神经元一个方框", "layer": "每层一个方框"},
    assigned={
        "itself": "{name} 算出之后又被赋值：{made} 现在是 {now}，而不是 {held}",
        "or": "或 ",
        "same": "值仍是 {held}，局部导数变了",
        "other": "是 {held}，现在会是 {now}",
        "input": "{who} 在 {name} 算出之后被改过：{made} {other}",
    },
)

PICTURE_WORDS = {words.lang: words for words in (ENGLISH, CHINESE)}


def known_language(lang: object) -> str:
    """The same, if something is said in it. Raises ValueError."""
    if not isinstance(lang, str) or lang not in PICTURE_WORDS:
        raise ValueError(
            f"lang must be one of {', '.join(map(repr, PICTURE_WORDS))}; got {lang!r:.80}"
        )
    return lang
