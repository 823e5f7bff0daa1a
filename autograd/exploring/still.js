// In the place of Python, on a page that was saved: the numbers stay, the quiz works. What is asked,
// what is right and which slips are known was worked out before (see Exploration.saved).

// A `receive` for what was saved.
export function still(state, saved) {
  const {words} = state;
  let quiz = state.quiz, place = null;
  return async message => {
    const [[key, given]] = Object.entries(message);
    if (key === "inspect") place = given;
    if (key === "quiz") quiz = given ? begun() : null;
    if (["answer", "hint", "reveal"].includes(key)) {
      const problem = follow(key, given);
      if (problem) return {error: problem};
    }
    return changes();
  };

  function begun() {
    const questions = saved.questions.map(({id, kind, label}) => (
      {id, kind, label, given: "", status: "open", said: "", alone: true}));
    return {questions};
  }

  function follow(key, given) {
    const id = key === "answer" ? given.question : given;
    const question = quiz.questions.find(question => question.id === id);
    const known = saved.questions.find(question => question.id === id);
    if (["right", "shown"].includes(question.status)) return "";
    if (key !== "answer") question.alone = false;
    if (key === "hint") question.said = known.hint;
    if (key === "reveal") {
      Object.assign(question, {status: "shown", given: known.figure, said: `${words.shown} ${known.hint}`});
    }
    return key === "answer" ? judge(question, known, given.text) : "";
  }

  function judge(question, known, text) {
    const {number, problem} = typed(text);
    if (problem) return filled(words[problem], {text: text.trim(), number: `${number}`.replace("Infinity", "inf")});
    question.given = text.trim();
    if (Math.abs(number - known.truth) <= known.tolerance) {
      Object.assign(question, {status: "right", given: known.figure, said: words.right});
      return "";
    }
    const near = x => Math.abs(x - number) <= known.near * Math.max(Math.abs(x), Math.abs(number));
    const slip = known.slips.find(([x]) => near(x));
    Object.assign(question, {status: "wrong", alone: false, said: slip ? slip[1] : words.unknown_slip});
    return "";
  }

  function changes() {
    const hidden = new Set();
    for (const {id, status} of quiz ? quiz.questions : []) {
      if (!["right", "shown"].includes(status)) hidden.add(id);
    }
    const seen = Object.fromEntries(Object.entries(saved.lines).map(([id, line]) => [id,
      hidden.has(id) ? line.unknown : line.needs.some(need => hidden.has(need)) ? line.short : line.full]));
    const texts = Object.fromEntries(saved.drawn.map(id => [id, seen[id]]));
    for (const [id, {before, lines}] of Object.entries(saved.spoken)) {
      texts[id] = before + lines.map(line => seen[line]).join(saved.between);
    }
    const panel = place === null ? null : veiled(saved.panels[place], hidden);
    const caption = saved.captions[hidden.size ? 0 : 1];
    return {texts, panel, place, caption, quiz: quiz && {...quiz, score: score(hidden), done: !hidden.size}};
  }

  function veiled(panel, hidden) {
    const paths = panel.paths.map(path => (
      path.needs.some(need => hidden.has(need)) ? {...path, product: saved.unknown} : path));
    if (hidden.has(panel.needs)) return {...panel, paths, grad: saved.unknown, sum: saved.unknown};
    const whole = paths.every(path => path.product !== saved.unknown);
    return {...panel, paths, sum: whole ? panel.sum : panel.grad};
  }

  function score(hidden) {
    const right = quiz.questions.filter(question => question.status === "right");
    const shown = quiz.questions.filter(question => question.status === "shown").length;
    const alone = right.filter(question => question.alone).length;
    return filled(words.score, {right: right.length, all: quiz.questions.length, alone})
      + (shown ? filled(words.score_shown, {shown}) : "") + (hidden.size ? "" : words.all_done);
  }
}

// As typed_numbers.py reads them: the number, or what is said of a text that is none.
export function typed(text) {
  const signs = {"\u2212": "-", "\u2013": "-", "\u2044": "/", "\u2215": "/"};
  const plain = text.normalize("NFKC").replace(/[\u2212\u2013\u2044\u2215]/g, sign => signs[sign]).replace(/\s/g, "");
  const decimal = "(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:e[+-]?\\d+)?";
  const found = RegExp(`^([+-]?${decimal})(?:/([+-]?${decimal}))?$`, "i").exec(plain);
  if (!found) return {problem: plain ? "not_a_number" : "no_text"};
  const divisor = Number(found[2] ?? 1), number = Number(found[1]) / divisor;
  if (divisor === 0) return {problem: "over_0"};
  return Number.isFinite(number) ? {number} : {problem: "not_finite", number};
}

// Every exploration of the page that is not shown yet.
export function open(selector) {
  for (const root of document.querySelectorAll(`${selector}:not([data-ready])`)) {
    const data = root.querySelector("script[type='application/json']");
    if (!data) continue;
    root.dataset.ready = "";
    const shown = JSON.parse(data.textContent);
    const {state, saved} = shown.narrow && root.clientWidth < NARROW ? shown.narrow : shown;
    const here = document.createElement("div");
    root.replaceChildren(...root.querySelectorAll("style"), here);
    mount(here, {state, receive: still(state, JSON.parse(unpacked(saved)))});
  }
}
