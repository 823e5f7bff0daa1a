"""What `explain` and `paths` say, in Chinese, for the pages that are: their fixed words.

The engine writes English. A line of it is a heading, a reason by its kind, a path, a line of code
or a remedy, and the forms of all of them are known; formulas and the reader's own names stay as
they are. What a room refuses is said in Chinese, too.
"""

from __future__ import annotations

import re

from autograd.explaining.diagnoses import REMEDIES
from autograd.exploring.error_phrases import error_in
from autograd.exploring.translation import Forms, translated

__all__ = ["KINDS", "in_chinese", "paths_in_chinese", "refusal_in_chinese"]

KINDS = {  # kind: its name, and what to do
    "accumulated": ("梯度累积", "在 backward() 之前调用 zero_grad()，除非本来就要累加"),
    "beyond_margin": (
        "超出间隔",
        "对损失来说不用管：这个样本已经分对；对一个单元来说，同 relu 已死",
    ),
    "cancelling": ("互相抵消", "如果每条路径都是有意的，就不用管；否则找写错的符号，或多出的一项"),
    "changed": ("之后又改过", "重新计算结果（有循环就在循环里），再对它调用 backward()"),
    "copied": ("只复制了数", "用 Value 本身计算；.data 只是一个没有来历的数"),
    "dead_relu": ("relu 已死", "步长小一些，或换初始权重；leaky_relu 和 silu 在那里有斜率"),
    "detached": ("已经脱离", "要这个梯度，就用 Value 本身计算"),
    "division_by_0": ("除以 0", "让除数远离 0，或加以保护：where(b == 0, 0, a / b)"),
    "edge_of_domain": ("定义域的边缘", "让输入留在边缘以内，例如用 clip"),
    "exploding": ("梯度爆炸", "权重小一些，因子少一些，或每步之前用 nn.clip_grad_norm"),
    "flat": ("平坦", "如果这里是最小值，就不用管；否则从另一点开始"),
    "infinite_input": ("输入是无穷大", "看这个无穷大是从哪里来的"),
    "infinity_minus_infinity": ("无穷大减无穷大", "让各项保持有限：看这些无穷大从哪里来"),
    "infinity_over_infinity": ("无穷大除以无穷大", "让两者保持有限：看这些无穷大从哪里来"),
    "large_factor": ("很大的因子", "缩放这个运算的输入，或让它离这一点远些"),
    "log_of_0": ("0 的对数", "让它大于 0，如 log(x + 1e-12)，或用 log_softmax，或用 logits 的损失"),
    "many_paths": ("路径很多", "如果没打算有这么多，找在循环里加到自己身上的那个值"),
    "nan_input": ("输入是 NaN", "看这个 NaN 从哪里来；去掉这样的样本"),
    "no_backward": (
        "没有反向传播",
        "对结果调用 backward()；在循环里：zero_grad()，backward()，走一步",
    ),
    "no_grad": ("在 no_grad 之内", "要这个梯度，就把计算移到 no_grad() 之外"),
    "no_graph": ("没有计算图", "在 no_grad() 之外，用 Value 来计算"),
    "not_taken": ("没有被选中", "如果是有意的，就不用管；logsumexp 和 softplus 对每一边都传一些"),
    "other_pass": ("是另一次反向传播的", "最后对要求梯度的那个结果调用 backward()"),
    "outside_domain": ("在定义域之外", "用 clip 或 where 让输入留在定义域之内"),
    "overflow": ("溢出", "让数小一些：logsumexp、softmax、softplus、hypot 自己会处理"),
    "replaced": ("被换成了新的", "要改一个参数，就给它的数赋值：w.data -= lr * w.grad"),
    "root_of_0": ("0 的根", "在根号里加一点：sqrt(x + 1e-12)；norm、hypot、abs 在 0 处斜率为 0"),
    "saturated": ("饱和", "用更小的权重或缩放数据，让输入小一些；或用 logits 的损失"),
    "small_factor": ("很小的因子", "缩放这个运算的输入；在最小值附近不用管"),
    "step": ("台阶", "换成光滑的函数，例如用 tanh 代替 sign"),
    "undecided": (
        "无法确定",
        "换一种没有无穷大的写法（sqrt(x)**2 就是 x）；check_grad 用差商算给你看",
    ),
    "underflow": ("下溢", "缩放，减少因子，或用对数相加代替相乘"),
    "unused": ("没有用到", "用它来计算结果；在 record_lines() 里，explain 对复制品知道得更多"),
    "vanishing": ("梯度消失", "权重大一些，用斜率接近 1 的激活函数如 relu，链短一些"),
    "zero_factor": (
        "有一个因子是 0",
        "如果这个 0 是有意的，就不用管；全从 0 开始的权重要随机初始化",
    ),
    "zero_times_infinity": ("0 乘无穷大", "避免这个无穷大：看它从哪里来"),
    "zeroed": ("已被清零", "在 zero_grad() 之前读梯度"),
}
WORDS = {kind.replace("_", " "): kind for kind in KINDS}
FACTORS = r"(\S+) factors?"
SENTENCES: Forms = [  # of a reason: what it says behind its kind
    (
        r"(.+) is 0 as a hinge loss is beyond the margin, because (.+) is at least 1",
        r"\1 是 0：合页损失超出间隔就是 0，因为 \2 至少是 1",
    ),
    (r"(.+) passes nothing on, because (.+) is not above 0", r"\1 什么也不传，因为 \2 不大于 0"),
    (r"(.+) is a step: .+", r"\1 是台阶：两次跳跃之间是平的，斜率为 0"),
    (r"(.+) lets no gradient through", r"\1 不让梯度通过"),
    (
        r"(.+) only asks whether (.+) is 0: a condition has no slope",
        r"\1 只看 \2 是不是 0：条件没有斜率",
    ),
    (r"(.+) took the other side, because (.+)", r"\1 取了另一边，因为 \2"),
    (r"(.+) took the other side: its condition was True", r"\1 取了另一边：条件成立"),
    (r"(.+) took the other side: its condition was False", r"\1 取了另一边：条件不成立"),
    (r"(.+) gave its bound (.+): (.+) is outside", r"\1 给出的是界限 \2：\3 在界限之外"),
    (r"(.+) did not give this bound, (.+)", r"\1 给出的不是这个界限 \2"),
    (r"(.+) took (.+), not (.+)", r"\1 取的是 \2，不是 \3"),
    (r"(.+) does not change with (.+?): (.+)", r"\1 不随 \2 变化：\3"),
    (r"(.+) is flat at (.+?): its slope is 0(?: \(.+\))?", r"\1 在 \2 处是平的：斜率为 0"),
    (r"(.+) is nearly flat at (.+): its slope is (.+)", r"\1 在 \2 处几乎是平的：斜率为 \3"),
    (
        r"(.+) is 0, because at (.+) it is smaller than any double",
        r"\1 是 0，因为在 \2 处它比任何双精度数都小",
    ),
    (
        r"(.+): the slope in a varying exponent needs the logarithm of (.+), below 0",
        r"\1：对变化的指数求导要用到 \2 的对数，而它小于 0",
    ),
    (r"(.+) has no slope at (.+)", r"\1 在 \2 处没有斜率"),
    (r"(.+) is vertical at (.+): its slope there is infinite", r"\1 在 \2 处是竖直的：斜率无穷大"),
    (
        r"(.+): the slope at (.+) is beyond the largest double, 1.8e308",
        r"\1：在 \2 处的斜率超出了最大的双精度数 1.8e308",
    ),
    (
        r"(.+) is (\S+) from the start: a leaf, not a result",
        r"\1 从一开始就是 \2：它是叶子，不是结果",
    ),
    (r"(.+) is (\S+): one of the plain numbers in it is", r"\1 是 \2：其中有一个普通的数就是"),
    (r"(.+) is (nan|-?inf) for (.+): (.+)", r"\1 在 \3 时是 \2：{4}"),
    (r"(.+) is (nan|-?inf): (.+)", r"\1 是 \2：{3}"),
    (r"(\S+) divided by 0 can be any number", r"\1 除以 0 可以是任何数"),
    (r"inf / inf can be any number", r"无穷大除以无穷大可以是任何数"),
    (r"0 times inf can be any number", r"0 乘无穷大可以是任何数"),
    (r"inf - inf can be any number", r"无穷大减无穷大可以是任何数"),
    (r"a negative number has no real power that is not whole", r"负数的非整数次方不是实数"),
    (r"(\S+) is not defined there", r"\1 在那里没有定义"),
    (r"the logarithm of 0 is -inf", r"0 的对数是 -inf"),
    (r"a division by 0", r"除以了 0"),
    (r"a negative power of 0 divides by 0", r"0 的负数次方就是除以 0"),
    (r"(\S+) has a pole there", r"\1 在那里有极点"),
    (r"the result is beyond the largest double, 1.8e308", r"结果超出了最大的双精度数 1.8e308"),
    (
        rf"the product along the path, of {FACTORS}, is about (\S+); .+",
        r"沿路径的乘积有 \1 个因子，约为 \2；5e-324 与 0 之间没有双精度数",
    ),
    (r"(.+) gets inf and -inf, whose sum is nan", r"\1 得到 inf 和 -inf，它们的和是 nan"),
    (
        r"(.+) gets (\S+) and (\S+), which add up to (\S+)",
        r"\1 得到 \2 和 \3，加起来是 \4",
    ),
    (
        r"(.+) gets (\S+) and (\S+) and one more message, which add up to (\S+)",
        r"\1 得到 \2、\3 和另外 1 条消息，加起来是 \4",
    ),
    (
        r"(.+) gets (\S+) and (\S+) and (\S+) more messages, which add up to (\S+)",
        r"\1 得到 \2、\3 和另外 \4 条消息，加起来是 \5",
    ),
    (
        r"(.+) gets (\S+) and has slope 0 in (.+): inf × 0 is nan",
        r"\1 得到 \2，对 \3 的斜率是 0：inf × 0 是 nan",
    ),
    (
        rf"all {FACTORS} along the path are above 1 in size, (\S+) on .+; the largest: (.+)",
        r"沿路径的 \1 个因子都大于 1，几何平均是 \2；最大的是 \3",
    ),
    (
        rf"all {FACTORS} along the path are below 1 in size, (\S+) on .+; the smallest: (.+)",
        r"沿路径的 \1 个因子都小于 1，几何平均是 \2；最小的是 \3",
    ),
    (
        rf"(\S+) of the {FACTORS} .+ above 1 in size, (\S+) on .+; the largest: (.+)",
        r"沿路径的 \2 个因子中有 \1 个大于 1，几何平均是 \3；最大的是 \4",
    ),
    (
        rf"(\S+) of the {FACTORS} .+ below 1 in size, (\S+) on .+; the smallest: (.+)",
        r"沿路径的 \2 个因子中有 \1 个小于 1，几何平均是 \3；最小的是 \4",
    ),
    (r"(.+) accounts for most of it: (.+) with (.+)", r"主要是因为 \1：\2，其中 \3"),
    (r"(\S+) paths? add up, though none .+ (\S+)", r"有 \1 条路径相加，其中没有一条超过 \2"),
    (
        r"0 × ∞, decided as 0: not reliable here; (.+), and (.+) has slope (\S+) in (.+)",
        r"0 × ∞ 按 0 算了，这里不可靠：{1}，而 \2 对 \4 的斜率是 \3",
    ),
    (r"(.+) was not computed from (.+?), but from (.+)", r"\1 不是由 \2 算出的，而是由 \3"),
    (r"what (.+) gets adds up to 0", r"传给 \1 的加起来是 0"),
    (r"(.+) has slope 0 in (.+)", r"\1 对 \2 的斜率是 0"),
    (
        r"(.+) is a leaf with the number of (.+?), (\S+)[,:] .+",
        r"\1 是叶子，它的数和 \2 的一样，是 \3；梯度到这里为止",
    ),
    (
        r"(.+)\.grad is (\S+), (\S+) times what one pass gives: .+",
        r"\1.grad 是 \2，是一次反向传播的 \3 倍：叶子的梯度会累加",
    ),
]
LINES: Forms = [
    (r"    path: (.*)", r"    路径：\1"),
    (r"    line: (.*), line (\d+)(.*)", r"    代码：\1，第 \2 行\3"),
    (r"    line: (.*)", r"    代码：\1"),
    (r"    the same in (\d+) other places?", r"    另有 \1 处也是这样"),
    (r"  nothing remarkable: the product along the only path", "  没有异常：沿唯一一条路径的乘积"),
    (r"  nothing remarkable: the sum over (\d+) paths", r"  没有异常：\1 条路径之和"),
    (
        r"  nothing remarkable: its gradients are neither .*",
        "  没有异常：它的梯度没有 0，没有无穷大，也没有 NaN",
    ),
]
REMEDY = "|".join(map(re.escape, REMEDIES.values()))
ROOM: Forms = [  # what the network room refuses
    (
        rf"the training stops, the loss is (\S+): (.+); ({REMEDY})",
        r"训练停止，损失是 \1：{2}。办法：{3}",
    ),
    (r"the training stops, the loss is (\S+)", r"训练停止，损失是 \1"),
    (r"(.+) must be from (\S+) to (\S+); got (.+)", r"{1}必须在 \2 与 \3 之间，这里是 \4"),
    (r"(.+) must be a whole number; got (.+)", r"{1}必须是整数，这里是 \2"),
    (r"(.+) is one of (.+); got (.+)", r"{1}是 \2 之一，这里是 \3"),
    (r"the number of hidden layers", "隐藏层数"),
    (r"the neurons of a layer", "每层的神经元数"),
    (r"noise", "噪声"),
    (r"the learning rate", "学习率"),
    (r"the batch", "批大小"),
    (r"the seed", "种子"),
    (r"data", "数据"),
    (r"activation", "激活函数"),
    (r"loss", "损失"),
    (r"optimizer", "优化器"),
]


def in_chinese(text: str) -> str:
    """The text of an explanation."""
    kind = ""
    lines = []
    for line in text.split("\n"):
        reason = re.fullmatch(r"  ([a-z0 ]+): (.*)", line)
        if reason and reason[1] in WORDS:
            kind = WORDS[reason[1]]
            lines.append(f"  {KINDS[kind][0]}（{reason[1]}）：{_sentence(reason[2])}")
        elif line.startswith("    remedy: ") and kind:
            lines.append(f"    办法：{KINDS[kind][1]}")
        else:
            lines.append(_fixed(line))
    return _inputs("\n".join(lines))


def refusal_in_chinese(text: str) -> str:
    """Why a request cannot be met."""
    return translated(text, ROOM, _part) or error_in("zh", text)


def _part(text: str) -> str:
    """The name of a setting, a reason, or its remedy."""
    if text in REMEDIES.values():
        return KINDS[next(kind for kind in REMEDIES if REMEDIES[kind] == text)][1]
    return translated(text, ROOM, str) or _sentence(text)


def _sentence(text: str) -> str:
    return translated(text, SENTENCES, _sentence) or text


def _fixed(line: str) -> str:
    return translated(line, LINES, str) or line


def paths_in_chinese(html: str) -> str:
    """The table of paths."""
    html = re.sub(
        r"<b>(\d+) paths? from (.*?) to (.*?)</b>", r"<b>从 \2 到 \3 有 \1 条路径</b>", html
    )
    html = html.replace("sum over all paths: ", "所有路径之和：")
    html = re.sub(r"backpropagation walks (.*?), each once", r"反向传播走 \1，每条一次", html)
    return _inputs(html)


def _inputs(text: str) -> str:
    """Which input of an operation a path enters by."""
    return re.sub(r" \(input (\d+)\)", r"（第 \1 个输入）", text)
