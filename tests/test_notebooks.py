"""The notebooks run from the top without an error and say what their committed outputs say."""

from __future__ import annotations

import ast
import json
import re
import runpy
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from wrong_answers import WRONG

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
make = runpy.run_path(str(FOLDER / "make.py"))
NOTEBOOKS = make["paths"]()
ENGLISH = [path for path in NOTEBOOKS if not path.stem.endswith("_zh")]
CHINESE = [path for path in NOTEBOOKS if path.stem.endswith("_zh")]
CJK = re.compile(r"[\u4e00-\u9fff]")

pytestmark = [
    pytest.mark.one_form,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


def by_name(path: Path) -> str:
    return path.stem


def english_of(path: Path) -> Path:
    return path.with_name(path.name.replace("_zh.ipynb", ".ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=by_name)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def texts(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def test_they_are_all_here():
    """Ten, each in English and in Chinese."""
    assert [path.name[:2] for path in ENGLISH] == [f"0{i}" for i in range(10)]
    assert [english_of(path) for path in CHINESE] == ENGLISH


NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?")


def skeleton(text: str) -> str:
    """The words of a text, with its numbers and what aligns them left out."""
    return re.sub(r"\s+", " ", NUMBER.sub("#", text)).strip()


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


# -- exercises: the task, the learner's cell, the check, and the solution, folded ----------------

EXERCISE = re.compile(r"### (Exercise|练习) \d(: |：)\S")
SOLUTION = re.compile(
    r"<details>\n<summary>(?:Solution|答案)</summary>\n\n.*```python\n(.*)```\n\n</details>",
    re.DOTALL,
)
RIGHT = ("Right.", "对了。")


def exercises(notebook):
    """Where each begins."""
    return [i for i, cell in enumerate(notebook.cells) if EXERCISE.match(cell.source)]


def with_answers(notebook, answers):
    """The notebook, in which each exercise is followed by the solution and by an answer, each with
    the check, and by the cell that they took the place of; and which cells were there before."""
    cells, places = [], []
    begins = exercises(notebook)
    for i, cell in enumerate(notebook.cells):
        places.append(len(cells))
        cells.append(cell)
        if i - 3 in begins:
            learner, check = notebook.cells[i - 2 : i]
            solution = SOLUTION.fullmatch(cell.source)[1]
            for code in (solution, answers[begins.index(i - 3)]):
                cells += [nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell(check.source)]
            cells.append(nbformat.v4.new_code_cell(learner.source))
    whole = nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)
    return nbformat.from_dict(json.loads(json.dumps(whole))), places


def test_it_runs_and_says_what_it_said(path, notebook):
    """Executed afresh, every cell prints what is committed, numbers up to the rounding of another
    processor's exp; pictures are compared in words. On the way its exercises are done: the check
    takes the solution, and no other answer, and says of a wrong one what is wrong."""
    if path.name.startswith("09"):
        pytest.importorskip("dask.array")
    wrong = WRONG[english_of(path).stem]
    language = 2 if path in CHINESE else 1
    run, places = with_answers(notebook, [answer[0] for answer in wrong])
    make["run"](run)
    found, committed = make["words"](run), make["words"](notebook)
    for now, then in zip([found[i] for i in places], committed, strict=True):
        assert skeleton(now) == skeleton(then)
        assert numbers(now) == pytest.approx(numbers(then), rel=1e-7, abs=1e-12)
    for i, answer in zip(exercises(notebook), wrong, strict=True):
        checked = places[i + 3]
        assert not committed[i + 2].startswith(RIGHT)
        assert found[checked + 2].startswith(RIGHT), found[checked + 2]
        assert answer[language] in re.sub(r"\s+", " ", found[checked + 4])


def test_it_has_exercises_that_check_themselves(notebook):
    """Two or more; the learner's cell and the check are code, and the solution is folded."""
    begins = exercises(notebook)
    assert len(begins) >= 2
    for i in begins:
        task, learner, check, solution = notebook.cells[i : i + 4]
        assert task.cell_type == solution.cell_type == "markdown"
        assert learner.cell_type == check.cell_type == "code"
        assert SOLUTION.fullmatch(solution.source)
        assert check.outputs


def test_one_predicts_then_runs(notebook):
    """Before two or more of its results it asks what they will be."""
    asked = [
        following.cell_type
        for cell, following in pairwise(notebook.cells)
        if re.search(r"^> \*\*(Predict, then run\.|先猜，再运行。)\*\* ", cell.source, re.MULTILINE)
    ]
    assert len(asked) >= 2
    assert set(asked) == {"code"}


@pytest.mark.parametrize("path", CHINESE, ids=by_name)
def test_what_speaks_does_so_in_chinese(path):
    """Pictures, players, quizzes and explorations of a notebook in Chinese are in that language."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            for call in re.findall(r"\b(?:draw|steps|explore)\(.*", cell.source):
                assert 'lang="zh"' in call, call


def test_it_leads_on_and_back(path, notebook):
    """Its last lines lead to the one before, the one after and the same in the other language."""
    course = CHINESE if path in CHINESE else ENGLISH
    place = course.index(path)
    other = english_of(path) if path in CHINESE else path.with_stem(f"{path.stem}_zh")
    expected = [*course[max(place - 1, 0) : place], *course[place + 1 : place + 2], other]
    last = notebook.cells[-1].source.splitlines()[-1]
    assert re.findall(r"\]\(([^)]+)\)", last) == [one.name for one in expected]


def test_a_value_in_sixty_lines(path):
    """Notebook 0 writes what its title says."""
    if path.name.startswith("00"):
        (code,) = [
            cell.source
            for cell in nbformat.read(path, as_version=4).cells
            if "\nclass Value:" in cell.source
        ]
        assert len(code.splitlines()) <= 60


def test_pictures_are_in_the_file(notebook):
    """Jupyter may have been started anywhere: no picture is looked for beside the notebook."""
    for text in texts(notebook):
        assert not re.search(r"!\[|<img", text)


def test_it_is_committed_as_make_writes_it(notebook):
    """Executed in order, without errors, warnings, times, versions or what a web page strips."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert notebook.metadata == make["METADATA"]
    for cell in code:
        assert set(cell.metadata) <= {"alt"}
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text
            assert set(output.get("data", {})) <= {"text/plain", "image/png"}


def test_every_picture_is_told_in_words(notebook):
    """To those who cannot see it: by the picture's metadata or, of a figure, by its cell's."""
    for cell in notebook.cells:
        pictures = [
            output for output in cell.get("outputs", ()) if "image/png" in output.get("data", {})
        ]
        for output in pictures:
            words = output.metadata["image/png"].get("alt") or cell.metadata.get("alt", "")
            assert len(words) > 20
        assert pictures or not cell.metadata


def test_it_says_first_what_one_will_be_able_to_do(notebook):
    title, _, rest = notebook.cells[0].source.partition("\n")
    assert re.match(r"# \d\. \w", title)
    assert rest.strip().startswith(("After this notebook you can", "学完本篇，你将能够"))
    assert rest.count("\n- ") >= 3


def test_no_path_of_a_machine(path):
    text = json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)
    text = re.sub(r'"image/png": "[^"]*"', "", text)
    assert not re.search(r"/(tmp|home|root|Users|work|usr|opt)/|[A-Z]:\\\\", text)
    assert not re.search(r"0x[0-9a-f]{6,}", text)


def test_links_lead_somewhere(notebook):
    for text in texts(notebook):
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" not in target:
                assert (FOLDER / target.partition("#")[0]).exists(), target


class Wordless(ast.NodeTransformer):
    """The same program with every text empty, and the same numbers in it, in whatever language it
    speaks."""

    def visit_Call(self, node):
        node.keywords = [given for given in node.keywords if given.arg != "lang"]
        return self.generic_visit(node)

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node):
        parts = [self.visit(part) for part in node.values if not isinstance(part, ast.Constant)]
        return ast.JoinedStr(parts)


def wordless(code: str) -> str:
    return ast.dump(Wordless().visit(ast.parse(code)))


@pytest.mark.parametrize("chinese", CHINESE, ids=by_name)
def test_the_chinese_one_is_the_same_program(chinese):
    """Cell by cell the same code up to texts, the same pictures, and as many paragraphs."""
    theirs = nbformat.read(english_of(chinese), as_version=4).cells
    ours = nbformat.read(chinese, as_version=4).cells
    assert [cell.cell_type for cell in ours] == [cell.cell_type for cell in theirs]
    for our, their in zip(ours, theirs, strict=True):
        if our.cell_type == "code":
            assert wordless(our.source) == wordless(their.source)
            pictures = [
                ["image/png" in output.get("data", {}) for output in cell.outputs]
                for cell in (our, their)
            ]
            assert pictures[0] == pictures[1]
        else:
            assert CJK.search(our.source)


def code_blocks(path: Path) -> list[str]:
    return re.findall(r"(?ms)^```(?:python|sh)\n(.*?)^```", path.read_text("utf-8"))


def test_the_chinese_readme_has_the_same_examples():
    """What it shows, the English one shows too, up to comments; each links to the other."""
    ours, theirs = ROOT / "README.zh-CN.md", ROOT / "README.md"

    def bare(path):
        return [re.sub(r"\s*#.*", "", block) for block in code_blocks(path)]

    assert len(bare(ours)) > 5
    assert set(bare(ours)) <= set(bare(theirs))
    assert "README.zh-CN.md" in theirs.read_text("utf-8")
    assert "(README.md)" in ours.read_text("utf-8")


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_links_of_the_readme_lead_somewhere(name):
    text = (ROOT / name).read_text("utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for target in targets:
        if "://" not in target:
            assert (ROOT / target.partition("#")[0]).exists(), target
