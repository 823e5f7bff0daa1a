"""For each exercise of the notebooks an answer that is wrong as learners' are, and what the check
cell says to it: the same words in both languages where `check_grad` or `explain` says them."""

from __future__ import annotations

__all__ = ["WRONG"]

# By the name of the notebook, in the order of its exercises: what stands in the learner's cell in
# place of the solution, what the check says in English, and in Chinese.
WRONG = {
    "00_build_your_own_value": [
        (
            (
                "def sigmoid(x):\n"
                "    out = 1 / (1 + math.exp(-x.data))\n"
                "    return Value(out, (x,), (1 - out**2,))"
            ),
            "the form for tanh",
            "the form for tanh",
        ),
        (
            (
                "def in_order_by_a_stack(root):\n"
                "    order, stack = [], [root]\n"
                "    while stack:\n"
                "        node = stack.pop()\n"
                "        if node not in order:\n"
                "            order.append(node)\n"
                "            stack.extend(node.parents)\n"
                "    return order"
            ),
            "stands before one of its parents",
            "排在了它的某个父节点之前",
        ),
    ],
    "01_the_chain_rule": [
        (
            "answer = -4, -4, -3",
            "z: the sign is wrong",
            "z: the sign is wrong",
        ),
        (
            "answer = 10, 24",
            "the path x–p left out",
            "the path x–p left out",
        ),
    ],
    "02_a_network_by_hand": [
        (
            "answer = (0.9 - o2.data) * o2.data * (1 - o2.data) * h1.data",
            "the sign is wrong",
            "the sign is wrong",
        ),
        (
            (
                "delta1 = (o1.data - 0.5) * o1.data * (1 - o1.data)\n"
                "delta2 = (o2.data - 0.9) * o2.data * (1 - o2.data)\n"
                "answer = (delta1 * w5.data + delta2 * w7.data) * h1.data * (1 - h1.data)"
            ),
            "left out",
            "left out",
        ),
    ],
    "03_numpy_and_slips": [
        (
            (
                "def mine(W, B1, V, B2):\n"
                "    net = Network(W, B1, V, B2)\n"
                "    Y = net.forward(X)\n"
                "    delta_o = (Y - label) * (Y - Y**2)\n"
                "    delta_h = delta_o * (net.H - net.H**2)\n"
                "    return np.outer(X, delta_h), delta_h, delta_o * net.H, delta_o"
            ),
            "the factors V[0], V[1] and V[2] are missing",
            "the factors V[0], V[1] and V[2] are missing",
        ),
        (
            "repaired = small_by_hand",
            "was given to b1",
            "was given to b1",
        ),
    ],
    "04_from_a_neuron_to_moons": [
        (
            "biases = [0, -1]\noutgoing = [1, -1]",
            "At [1, 1] the hidden neurons say [2.0, 1.0], so the answer is 1; it should be 0.",
            "在 [1, 1] 处，隐藏神经元说 [2.0, 1.0]",
        ),
        (
            "answer = 170",
            "Each neuron has a bias too",
            "每个神经元还有一个偏置",
        ),
    ],
    "05_when_gradients_go_wrong": [
        (
            "def softplus(x):\n    return autograd.maximum(x, 0)",
            "At 0 the value is 0 and should be 0.693147",
            "在 0 处，值是 0，应为 0.693147",
        ),
        (
            (
                "def train():\n"
                "    w, b = Value(0.0, 'w'), Value(0.0, 'b')\n"
                "    loss = sum((w * x + b - y) ** 2 for x, y in points)\n"
                "    for _ in range(400):\n"
                "        loss.zero_grad()\n"
                "        loss.backward()\n"
                "        for p in (w, b):\n"
                "            p.data -= 0.02 * p.grad\n"
                "    return w, loss"
            ),
            "compute the result anew, inside the loop",
            "compute the result anew, inside the loop",
        ),
    ],
    "06_for_practitioners": [
        (
            (
                "def ratio(p):\n"
                "    return p[0] / p[1]\n"
                "\n"
                "\n"
                "answer = np.hypot(*(grad(ratio)(fit.x) * errors))"
            ),
            "for independent",
            "当成互相独立",
        ),
        (
            (
                "def put(S, sigma, r, T, K=50.0):\n"
                "    return S - K * exp(-r * T) - call(S, sigma, r, T)"
            ),
            "The sign is wrong",
            "符号反了",
        ),
    ],
    "07_record_once_replay": [
        (
            "def leaky(x):\n    return x * 3.0",
            "At 2 it gives 6 with slope 3; it should be 6, with slope 5.",
            "在 2 处它给出 6，斜率 3；应为 6，斜率 5。",
        ),
        (
            "def smooth_bowl(x):\n    return minimum(x, 1.0) ** 2",
            "At 2 it gives 1; the bowl is 3 there.",
            "在 2 处它给出 1，而 bowl 是 3。",
        ),
    ],
    "08_forwards_or_backwards": [
        (
            "answer = 9",
            "through d as well as through c",
            "经过 c 和 d",
        ),
        (
            (
                "def gradient_forwards(f, x):\n"
                "    _, speed = jvp(f, (x,), ([1.0] * len(x),))\n"
                "    return [speed] * len(x)"
            ),
            "wrong",
            "wrong",
        ),
    ],
    "09_from_one_core_to_a_cluster": [
        (
            "def with_whole_rows(x):\n    return x.rechunk(-1)",
            "A chunk has 40000 rows, more than 10000.",
            "有一块 40000 行，超过了 10000。",
        ),
        (
            (
                "def mean_of(sums, sizes):\n"
                "    means = [total / size for total, size in zip(sums, sizes)]\n"
                "    return sum(means) / len(means)"
            ),
            "Do rows of a small chunk count as much as others?",
            "小块里的行和别的行分量相同吗？",
        ),
    ],
}
