"""What check_grad's tutor says of a slip, in Chinese.

The tutor makes its sentences in English (check/tutor). Here every form of them that a quiz can show
has a translation; of a form that has none, a sentence is said that is true of all.
"""

from __future__ import annotations

import re
from typing import Final

from autograd.exploring.translation import translated

__all__ = ["OTHERWISE", "in_chinese"]

ONE_ARRIVED: Final = r"{1}：只有经过 \2 的那一份到了，这是该写 += 的地方写了 ="
CHINESE: Final = [  # forms; {1} may also be a list of names
    (r"(\d+) slips together: .*", r"这里同时有 \1 处疏忽"),
    (
        r"the derivative of (.+) with respect to (.+) is (.+), the other factor; .+",
        r"{1} 对 {2} 的导数是另一个因子 {3}；这里用了 {2} 自己",
    ),
    (r"the derivative of (.+?) is (.+) \(at (.+)\)", r"\1 的导数{2}（在 {3}）"),
    (
        r"written as (.+), the form for (\w+), in place of (.+)",
        r"写成了 \1，那是 \2 的形式；应为 \3",
    ),
    (r"written as (.+) with the input z in place of (.+)", r"写成了 \1，用了输入 z；应为 \2"),
    (
        r"written as (.+) in place of (.+): the factor (.+) is missing",
        r"写成了 \1；应为 \2，缺了因子 \3",
    ),
    (r"written as (.+) in place of (.+): the square is missing", r"写成了 \1；应为 \2，缺了平方"),
    (r"written as (.+) in place of (.+)", r"写成了 \1；应为 \2"),
    (r"(?:written|taken) as (.+): the rule for powers", r"写成了 \1，那是幂的法则"),
    (r"(?:written|taken) as (.+): the sign is (?:wrong|missing)", r"写成了 \1，符号错了"),
    (r"(?:written|taken) as (.+): the factor (.+) is missing", r"写成了 \1，缺了因子 \2"),
    (r"(?:written|taken) as (.+): the square is missing", r"写成了 \1，缺了平方"),
    (r"taken as -p in place of 1 - p: .*", r"写成了 -p；应为 1 - p，缺了标签自己的 1"),
    (r"taken as the function itself", r"写成了函数自己"),
    (r"taken as the divisor itself in place of 1/divisor", r"写成了除数自己；应为除数分之一"),
    (r"taken as (.+), as if the divisor were the dividend", r"写成了 \1，把除数当成了被除数"),
    (r"taken without the factor (.+)", r"缺了因子 \1"),
    (r"taken with the exponent not lowered", r"的指数没有减一"),
    (r"written with the first power", r"写成了一次幂"),
    (r"evaluated at its output, where its input belongs", r"在输出处取值，应在输入处取值"),
    (r"left out.*", r"漏掉了"),
    (r"applied twice", r"用了两次"),
    (r"(?:written|taken) as (.+)", r"写成了 \1"),
    (r"the 1/(\d+) of the mean is missing \((.+)\)", r"缺了平均的 1/\1（{2}）"),
    (
        r"a factor 1/(\d+), as if the sum were a mean \((.+)\)",
        r"多了因子 1/\1，把和当成了平均（{2}）",
    ),
    (r"the factor (.+) of (.+) is left out", r"漏掉了 {2} 的因子 \1"),
    (r"the factor (.+) of (.+) is applied twice", r"{2} 的因子 \1 用了两次"),
    (
        r"0, although there is a path: nothing was ever added to it",
        r"得到的是 0，可是有路径：从来没有东西加到它上面",
    ),
    (r"every path through (.+) is left out", r"漏掉了经过 \1 的每条路径"),
    (r"every path (.+) is left out", r"漏掉了每条路径 \1"),
    (r"(the paths? .+ left out): only the contribution through (.+) arrived, .+", ONE_ARRIVED),
    (r"the path (.+) left out", r"漏掉了路径 \1"),
    (r"the paths (.+) to (.+) left out", r"漏掉了从 \1 到 {2} 的路径"),
    (
        r"only 1 of the (\d+) messages to (.+) arrived: .+, by (.+)",
        r"传给 \2 的 \1 条消息只到了一条：它在 {3} 里被用了 \1 次",
    ),
    (r"the division by (.+) of (.+) is left out", r"漏掉了 {2} 里除以 \1"),
    (r"the division by (.+) of (.+) is applied twice", r"{2} 里除以 \1 用了两次"),
    (
        r"the factors? (.+) taken as (.+), before the function",
        r"因子 {1} 写成了 {2}，那是函数之前的值",
    ),
    (r"a factor (\S+) = (\S+) too many(.*)", r"{3}多了因子 \1 = \2"),
    (r"the factor (\S+) = (\S+) is missing(.*)", r"{3}缺了因子 \1 = \2"),
    (r"the factors? (.+) (?:is|are) missing", r"缺了因子 {1}"),
    (r"as if f had the square of (.+?): .*", r"好像 {1} 被平方过：函数里没有这个平方"),
    (r"as if f had half the square of (.+?): .*", r"好像 {1} 被平方过再取一半：函数里没有这个平方"),
    (
        r"off by the factor ([^ ]+)( on .+?)? \(1/2 applied .+",
        r"{2}相差因子 \1（1/2 乘了两次，或忘了一个 2？）",
    ),
    (
        r"off by the factor ([^ ]+)( on .+?)? \(a 1/2 forgotten.+",
        r"{2}相差因子 \1（忘了 1/2，2 乘了两次，或一条路径算了两次？）",
    ),
    (r"off by the factor ([^ ]+)( on .+?)?", r"{2}相差因子 \1"),
    (r" on every path through (.+)", r"在经过 \1 的每条路径上，"),
    (r" on every path (.+)", r"在每条路径 \1 上，"),
    (
        r"the value of (.+?) is (.+), and (.+) was used.*",
        r"\1 的值用错了：疏忽在前向计算里，不在链式法则里",
    ),
]
OTHERWISE: Final = "有一个局部导数或因子错了"


def in_chinese(text: str) -> str:
    """A text of the tutor."""
    return translated(text, CHINESE, _part) or OTHERWISE


def _part(text: str) -> str:
    """A text again, or a list of names."""
    told = in_chinese(text) if text else ""
    if told != OTHERWISE:
        return told
    return (
        re.sub(r" and (\d+) more", r" 等另外 \1 个", text)
        .replace(" and ", "、")
        .replace(", ", "、")
    )
