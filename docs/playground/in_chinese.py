"""What `explain` and `paths` say, in Chinese, for the pages that are: their fixed words.

The engine writes English. A line of it is a heading, a reason by its kind, a path, a line of code
or a remedy, and those are known; what a reason says with the reader's own names stays as
it is, behind its name.
"""

from __future__ import annotations

import re

__all__ = ["KINDS", "in_chinese", "paths_in_chinese"]

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
LINES = [
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


def in_chinese(text: str) -> str:
    """The text of an explanation."""
    kind = ""
    lines = []
    for line in text.split("\n"):
        reason = re.fullmatch(r"  ([a-z0 ]+): (.*)", line)
        if reason and reason[1] in WORDS:
            kind = WORDS[reason[1]]
            lines.append(f"  {KINDS[kind][0]}（{reason[1]}）：{reason[2]}")
        elif line.startswith("    remedy: ") and kind:
            lines.append(f"    办法：{KINDS[kind][1]}")
        else:
            lines.append(_fixed(line))
    return "\n".join(lines)


def _fixed(line: str) -> str:
    for english, chinese in LINES:
        if found := re.fullmatch(english, line):
            return found.expand(chinese)
    return line


def paths_in_chinese(html: str) -> str:
    """The table of paths."""
    html = re.sub(
        r"<b>(\d+) paths? from (.*?) to (.*?)</b>", r"<b>从 \2 到 \3 有 \1 条路径</b>", html
    )
    html = html.replace("sum over all paths: ", "所有路径之和：")
    return re.sub(r"backpropagation walks (.*?), each once", r"反向传播走 \1，每条一次", html)
