"""Errors that a learner may meet in an explorer, a quiz or the playground, in Chinese.

Their sentences are made in English where the fault is found: in a formula (reading/expressions.py),
in a function that it calls, in what is explored. Here every form of them has a translation; a
sentence of somebody else's, as of a user's own function, stays as it is.
"""

from __future__ import annotations

from typing import Final

from autograd.exploring.translation import Forms, translated

__all__ = ["error_in"]

# What Python's parser says; of the rest, that it is no formula.
SYNTAX: Final[Forms] = [
    (r"'(.+)' was never closed", r"“\1”没有配对的括号"),
    (r"unmatched '(.+)'", r"“\1”是多余的括号"),
    (
        r"closing parenthesis '(.+)' does not match opening parenthesis '(.+)'(?: on line \d+)?",
        r"右括号“\1”和左括号“\2”不配对",
    ),
    (r"invalid decimal literal", r"数字后面紧跟着字母；乘号要写出来，如 2*a"),
    (r"leading zeros in decimal integer literals .+", r"数字前面有多余的 0"),
    (r"invalid (?:non-printable )?character (.+)", r"不认识的字符 \1"),
    (r"unterminated string literal.*", r"引号没有配对"),
    (r"unexpected character after line continuation character", r"“\\”不能写在这里"),
    (r"cannot assign to .+", r"等号左边要写一个名字，如 e = a + b"),
    (r"invalid syntax\. Maybe you meant .+", r"一个式子里只有一个等号；几个式子用分号隔开"),
    (r"invalid syntax\. Perhaps you forgot a comma\?", r"少了一个运算符或逗号"),
    (r"source code string cannot contain null bytes", r"有不是文字的字符"),
    (r"a statement gives one plain name, as in (.+)", r"等号左边只写一个名字，如 \1"),
    (r".+", r"不合语法"),
]

READING: Final[Forms] = [  # where a formula is none; {2} and {3} are what the parser says
    (
        r"the expression is not a formula near (.+) \(character (\d+)\): (.+)",
        r"公式有误，在 \1 附近（第 \2 个字符）：{3}",
    ),
    (
        r"the expression is not a formula \(character (\d+)\): (.+)",
        r"公式有误（第 \1 个字符）：{2}",
    ),
]
CHINESE: Final[Forms] = [
    (r"(.+); did you mean ('.+'|\".+\")", r"{1}；是不是要写 \2？"),
    (r"(.+); got ('.*'|\".*\"|\[-?\d+\])", r"{1}；这里写的是 \2"),
    (r"(.+); got a long \w+", r"{1}"),
    # reading
    (r"the expression is empty; write one, as in (.+)", r"公式是空的；请写一个，如 \1"),
    (
        r"the expression is (\S+) characters long, more than (\S+); .+",
        r"公式有 \1 个字符，超过了 \2 个；这么大的计算图请用 Python 来建",
    ),
    (
        r"the expression is nested too deeply to be read; .+",
        r"公式嵌套太深；给其中的部分取名字（c = ...; e = c * 2），长的和写成 sum([a, b, c])",
    ),
    (
        r"the expression holds a character that is not text: .+",
        r"公式里有不是文字的字符；请重新输入",
    ),
    (r"a whole number has more than 4,300 digits; .+", r"整数超过了 4300 位；请写成 1e300 这样"),
    # statements
    (r"a statement gives one plain name, as in (.+)", r"等号左边只写一个名字，如 \1"),
    (
        r"statement (\d+) has no name, so nothing can use it; .+",
        r"第 \1 个式子没有名字，所以谁也用不到它；请写成 c = ...，或删掉",
    ),
    (
        r"(.+) is computed by the expression and also given as an input; .+",
        r"\1 由公式算出，又给了它一个数；去掉这个数，或改一个名字",
    ),
    (
        r"(.+) is given twice; use a new name the second time",
        r"\1 出现了两次等号；第二次请用新的名字",
    ),
    (
        r"(.+) is used before the statement that computes it; .+",
        r"\1 还没有算出来就用到了；把算它的式子移到前面，要另一个值就换一个名字",
    ),
    (
        r"the expression does not use (.+); remove .+ or correct the name",
        r"公式没有用到 \1；去掉它，或改正名字",
    ),
    (r"the expression does not use (.+); its names are (.+)", r"公式没有用到 \1；它的名字有 \2"),
    (
        r"nothing uses (.+); remove the statement, or use it in the last one",
        r"没有用到 \1；去掉这个式子，或在最后一个式子里用它",
    ),
    (
        r"the last statement must give one number, not a list of (\d+); .+ in (.+), or .+ in (.+)",
        r"最后一个式子要给出一个数，而不是 \1 个数的列表；取其中一个，如 \2，或取和，如 \3",
    ),
    # names and numbers
    (
        r"no value for (.+), and the expression does not use (.+); .+",
        r"\1 没有值，而公式没有用到 \2；是不是写错了名字",
    ),
    (r"no value for (.+); add .+", r"\1 没有值"),
    (
        r"(.+) is a function; call it, as in (.+), or give it a value with .+",
        r"\1 是函数；请写成 \2",
    ),
    (r"(.+) is not a function of autograd; did you mean (.+)\?", r"没有 \1 这个函数；是不是 \2？"),
    (
        r"(.+) is not a function of autograd; the functions are (.+)",
        r"没有 \1 这个函数；有的函数是 \2",
    ),
    (r"a constant is a real number, as in 2 or 0\.5", r"常数是实数，如 2 或 0.5"),
    (r"an index is a whole number, as in (.+)", r"下标是整数，如 \1"),
    (r"only a list can be indexed, as in (.+)", r"只有列表才能取下标，如 \1"),
    (
        r"index (-?\d+) is outside a list of (\d+); the first is \[0\]",
        r"下标 \1 超出了 \2 个数的列表；第一个是 [0]",
    ),
    (
        r"arithmetic works on numbers, not on lists; .+",
        r"只有数才能运算，列表不能；取其中一个，如 p[0]，或用 sum、mean、dot",
    ),
    # functions
    (r"(\w+) takes numbers, got a list; write (.+)", r"\1 的输入是数，不是列表；请写 \2"),
    (r"(\w+) takes (\d+) inputs?, got (\d+)", r"\1 要 \2 个输入，这里有 \3 个"),
    (r"(\w+) takes (\d+) lists?, as in (.+); got (\d+)", r"\1 要 \2 个列表，如 \3；这里有 \4 个"),
    (
        r"(\w+) takes a list and q, as in (.+); got (\d+)",
        r"\1 要一个列表和 q，如 \2；这里有 \3 个输入",
    ),
    (r"(\w+) takes its inputs in order, without names", r"\1 的输入按顺序写，不带名字"),
    (
        r"(\w+) takes a sequence of Values or numbers, got .+; put it in a list: (.+)",
        r"\1 的输入是列表；请写成 \2",
    ),
    (r"(\w+) of an empty sequence is not defined; .+", r"空列表没有 \1；请至少给一个数"),
    (
        r"(\w+) of (\d+) numbers? with ddof=(\S+) is not defined; .+",
        r"\2 个数、ddof=\3 时没有 \1；请给更多的数",
    ),
    (
        r"dot needs two sequences of equal length, got (\d+) and (\d+) numbers",
        r"dot 要两个一样长的列表，这里是 \1 个和 \2 个数",
    ),
    (r"quantile's q is from 0 to 1, got (.+)", r"quantile 的 q 在 0 到 1 之间，这里是 \1"),
    # what is not allowed
    (r"'\^' is not a power; write x \*\* 2", r"“^”不是乘方；请写 x ** 2"),
    (r"'@' works on matrices; write (.+)", r"“@”是矩阵的运算；请写 \1"),
    (r"attributes \('\.'\) are not allowed; .+", r"不能用“.”；函数直接写名字：tanh(x)"),
    (r"a comparison is not a number; .+", r"比较的结果不是数；把它作为条件：where(x > 0, x, 0)"),
    (r"'if \.\.\. else' is not allowed; write (.+)", r"不能用“if ... else”；请写 \1"),
    (
        r"'and' and 'or' are not allowed; .+",
        r"不能用“and”和“or”；把一个 where(condition, a, b) 写在另一个里面",
    ),
    (r"'not' is not allowed; turn the comparison round", r"不能用“not”；请把比较反过来写"),
    (
        r"':=' is not allowed; name a value in its own statement: (.+)",
        r"不能用“:=”；单独用一个式子取名字：\1",
    ),
    (
        r"a name is given once; write c = a \+ b with a new name",
        r"一个名字只能给一次；请用新的名字写 c = a + b",
    ),
    (r"types are not allowed; write name = formula", r"不能写类型；请写 e = a + b 这样"),
    (r"text is not allowed; a formula holds numbers and names", r"不能写文字；公式里只有数和名字"),
    (
        r"only names, numbers, operators, lists and autograd's functions are allowed",
        r"公式里只有名字、数、运算符、列表和 autograd 的函数",
    ),
    (
        r"only a function's bare name can be called, as in tanh\(x\)",
        r"括号前面只能是函数名，如 tanh(x)；要相乘就写出 *",
    ),
    (r"compare with < <= > >= == !=", r"比较请用 < <= > >= == !="),
    # what is explored
    (r"(.+) has no value where (.+?): (.+)", r"在 \2 处，\1 没有值：{3}"),
    (
        r"the step would make (.+) (\S+); take a smaller step size, or start again",
        r"这一步会使 \1 变成 \2；请用小一些的步长，或重新开始",
    ),
    (
        r"the graph has (\S+) nodes?(?: and (\S+) edges?)?, more than .+; .+",
        r"计算图有 \1 个节点，多得看不清；请写短一些的公式",
    ),
    (r"explore begins at finite numbers; (.+) is (.+)", r"数必须是有限的；\1 是 \2"),
]


def error_in(language: str, text: str) -> str:
    """The sentence of an error in a language; as it stands where that has no form for it.

    >>> error_in("en", "relu takes 1 input, got 2")
    'relu takes 1 input, got 2'
    """
    return _in_chinese(text) if language == "zh" else text


def _in_chinese(text: str) -> str:
    return translated(text, CHINESE, _in_chinese) or translated(text, READING, _of_parser) or text


def _of_parser(text: str) -> str:
    return translated(text, SYNTAX, str) or text
