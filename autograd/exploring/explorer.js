// What a reader sees of an exploration, whoever computes: `receive` takes a message and promises the
// reply (see exploration.py). Nothing here knows a derivative.
import {center, drawing, drawn, element, filled, fit, inspected, lined, outlined, traced} from "./picture.js";

const SPARKLINE = {width: 132, height: 34};
const NARROW = 520; // pixels
const SHORT = 6; // characters of a name that stands beside its slider on a phone

// Shows the state in the element; the function that it returns takes everything away again.
export function mount(root, {state, receive, language}) {
  const shown = {...state};
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const classes = ["chainrule-player", "chainrule-explorer"];
  let parts = new Map(), nodes = [], edges = [], svg = null, touch = window.matchMedia("(pointer: coarse)").matches;
  let waiting = [], busy = false, gone = false, narrowed = Boolean(shown.narrow);

  root.classList.add(...classes);
  root.dir = "ltr";
  root.dataset.lmSuppressShortcuts = "true";

  const caption = element("div", {className: "cr-caption"});
  const note = element("div", {className: "cr-note"});
  const now = element("div", {className: "cr-now"}, element("div", {}, caption, note));
  now.setAttribute("role", "status");
  now.setAttribute("aria-live", "polite");
  const bar = element("div", {className: "cr-bar"});
  const leaves = element("div", {className: "cr-leaves"});
  const stage = element("div", {className: "cr-stage"});
  stage.setAttribute("role", "group");
  const panel = element("div", {className: "cr-panel"});
  const form = element("div", {className: "cr-quiz"});
  root.replaceChildren(now, leaves, bar, stage, form, panel);
  root.addEventListener("mouseleave", () => inspect(null));
  root.addEventListener("pointerover", event => {
    const before = touch;
    touch = event.pointerType === "touch";
    if (touch !== before && panel.querySelector(".cr-hint")) tell();
  });
  build();
  if (language && language !== shown.language) send({language});
  const measured = new ResizeObserver(measure);
  if (!shown.still) measured.observe(root);

  return () => {
    gone = true;
    measured.disconnect();
    root.replaceChildren();
    root.classList.remove(...classes);
  };

  // A picture for a phone where there is no more room than on one.
  function measure([{contentRect: {width}}]) {
    const narrow = width < NARROW;
    if (width && narrow !== narrowed) send({narrow: narrowed = narrow});
  }

  // -- messages -----------------------------------------------------------------------------------

  // One at a time; of moves that wait, the last of each leaf counts.
  function send(message) {
    const last = waiting.at(-1);
    if (message.set && last && last.set) Object.assign(last.set, message.set);
    else if (!("inspect" in message && last && "inspect" in last)) waiting.push(message);
    else waiting[waiting.length - 1] = message;
    if (!busy) next();
  }

  async function next() {
    busy = true;
    while (waiting.length && !gone) {
      const message = waiting.shift();
      let reply;
      try {
        reply = await receive(message);
      } catch (problem) {
        reply = {error: `${shown.words.waiting} ${problem && problem.message || ""}`};
      }
      if (!gone) follow(message, reply);
    }
    busy = false;
  }

  function follow(message, reply) {
    const {error, ...changes} = reply;
    if (error || !("inspect" in message)) note.textContent = error || "";
    root.classList.toggle("cr-refused", Boolean(error));
    if (error) return refuse(message, error);
    const questions = ids(shown.quiz), asking = Boolean(shown.quiz);
    Object.assign(shown, changes);
    if (changes.words || ids(shown.quiz) !== questions || Boolean(shown.quiz) !== asking) {
      build();
      // Whoever works by keys goes on at the first question; a touch would only raise a keyboard.
      if (message.quiz && byKey && shown.quiz) form.querySelector("input").focus();
      return;
    }
    if (changes.picture) picture();
    const key = message.answer ? message.answer.question : message.hint || message.reveal;
    if (shown.quiz && asked.has(key)) asked.get(key).refused = "";
    update();
    answered(key);
  }

  // What was typed and can't be taken stays to be mended, marked as wrong; to a question, the reason
  // stands beside it until it is answered, in the place of what came of an answer before.
  function refuse(message, error) {
    const moved = Object.keys(message.set || {}).map(name => rows.get(name));
    for (const row of [...moved, message.answer && asked.get(message.answer.question)]) {
      if (row) row.field.setAttribute("aria-invalid", "true");
    }
    if (message.answer && asked.has(message.answer.question)) {
      asked.get(message.answer.question).refused = error;
      mark();
    }
  }

  function ids(quiz) {
    return quiz ? quiz.questions.map(question => question.id).join() : "";
  }

  // -- everything, at first and in another language -----------------------------------------------

  function build() {
    root.lang = shown.language;
    stage.setAttribute("aria-label", shown.words.picture);
    controls();
    questions();
    buttons();
    picture();
    update();
  }

  function update() {
    caption.textContent = shown.caption;
    write();
    for (const one of shown.controls) move(one);
    spark();
    mark();
    tell();
  }

  // What is typed counts once: on Enter, or when the field is left.
  function typed(field, take) {
    let sent = "";
    field.onfocus = () => { sent = field.value; };
    field.onchange = () => {
      if (field.value === sent) return;
      sent = field.value;
      take(sent);
    };
    field.addEventListener("keydown", event => {
      event.stopPropagation(); // the page around it may have keys of its own
      if (event.key === "Enter") field.onchange();
    });
  }

  // -- numbers that move --------------------------------------------------------------------------

  var rows;

  function controls() {
    const words = shown.words;
    rows = new Map();
    leaves.hidden = Boolean(shown.quiz) || !shown.controls.length;
    leaves.replaceChildren();
    const longest = Math.max(...shown.controls.map(one => one.label.length), 2);
    leaves.style.setProperty("--cr-label", `${Math.min(longest, 20) + 1}ch`);
    for (const one of shown.controls) {
      const slider = element("input", {type: "range"});
      const field = element("input", {type: "text", inputMode: "text", autocomplete: "off", spellcheck: false});
      const gradient = element("span", {className: "cr-is-grad"});
      const name = element("span", {className: "cr-name", textContent: one.label});
      slider.setAttribute("aria-label", filled(words.slider, {name: one.label}));
      field.setAttribute("aria-label", filled(words.number, {name: one.label}));
      slider.oninput = () => send({set: {[one.name]: Number(slider.value)}});
      typed(field, text => send({set: {[one.name]: text}}));
      for (const input of [slider, field]) input.disabled = Boolean(shown.still);
      const className = one.label.length > SHORT ? "cr-leaf cr-long" : "cr-leaf";
      leaves.append(element("div", {className}, name, slider, field, gradient));
      rows.set(one.name, {slider, field, gradient});
    }
    if (shown.still) leaves.append(element("div", {className: "cr-hint", textContent: words.still}));
  }

  function move(one) {
    const row = rows.get(one.name);
    if (!row) return;
    Object.assign(row.slider, {min: one.min, max: one.max, step: one.step});
    if (document.activeElement !== row.slider || Number(row.slider.value) !== one.value) {
      row.slider.value = one.value;
    }
    row.slider.setAttribute("aria-valuetext", one.text);
    if (document.activeElement !== row.field || row.field.getAttribute("aria-invalid")) {
      row.field.value = one.text;
    }
    row.field.removeAttribute("aria-invalid");
    row.gradient.textContent = one.place === null ? "" : one.gradient;
  }

  // -- buttons, the step size and the loss --------------------------------------------------------

  var rate, sparkline;

  function buttons() {
    const words = shown.words;
    const button = (className, textContent, onclick) =>
      element("button", {type: "button", className, textContent, onclick});
    bar.replaceChildren();
    sparkline = null;
    if (shown.descent && !shown.quiz && !shown.still) {
      rate = element("input", {type: "range", min: -3, max: 0.5, step: 0.05});
      rate.value = Math.log10(shown.descent.rate);
      const size = element("output", {className: "cr-count"});
      const tellRate = number => {
        size.textContent = String(number);
        rate.setAttribute("aria-valuetext", size.textContent);
      };
      rate.setAttribute("aria-label", words.rate);
      rate.oninput = () => tellRate(Number((10 ** rate.value).toPrecision(2)));
      tellRate(shown.descent.rate);
      sparkline = element("span", {className: "cr-spark"});
      sparkline.setAttribute("role", "img");
      bar.append(
        button("cr-step", words.step_down, () => send({descend: {rate: Number(size.textContent)}})),
        element("label", {}, element("span", {textContent: words.rate}), rate), size, sparkline);
    }
    bar.append(shown.quiz
      ? button("cr-again", shown.still ? words.show_all : words.explore, () => send({quiz: false}))
      : button("cr-ask", words.quiz, event => {
        byKey = event.detail === 0;
        send({quiz: true});
      }));
    if (!shown.still) bar.append(button("cr-reset", words.reset, () => send({reset: true})));
    bar.hidden = !bar.children.length;
  }

  function spark() {
    if (!sparkline) return;
    const {width, height} = SPARKLINE;
    const losses = shown.descent.losses;
    const known = losses.filter(loss => loss !== null);
    const low = Math.min(...known), high = Math.max(...known);
    const place = (loss, i) => [
      3 + (width - 6) * i / Math.max(losses.length - 1, 1),
      height - 4 - (height - 8) * (high > low ? (loss - low) / (high - low) : 0.5)];
    const points = losses.map((loss, i) => loss === null ? null : place(loss, i)).filter(Boolean);
    const picture = drawn("svg", {viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true"});
    picture.append(drawn("polyline", {points: points.map(point => point.join()).join(" ")}));
    if (points.length) picture.append(drawn("circle", {cx: points.at(-1)[0], cy: points.at(-1)[1], r: 3}));
    const figure = loss => String(Number(loss.toPrecision(4)));
    const text = element("span", {className: "cr-count"});
    text.textContent = known.length ? `${shown.words.loss} ${figure(known.at(-1))}` : "";
    sparkline.setAttribute("aria-label", known.length ? filled(shown.words.losses,
      {count: losses.length - 1, first: figure(known[0]), last: figure(known.at(-1))}) : "");
    sparkline.replaceChildren(picture, text);
  }

  // -- the picture --------------------------------------------------------------------------------

  function picture() {
    const fresh = svg !== null;
    ({svg, parts} = drawing(shown.picture, shown.alt, shown));
    const all = letter => [...parts.keys()].filter(id => RegExp(`^${letter}\\d+$`).test(id))
      .sort((one, other) => one.slice(1) - other.slice(1)).map(id => parts.get(id));
    [nodes, edges] = [all("n"), all("e")];
    const canvas = svg.querySelector("g");
    canvas.append(...edges, ...nodes); // Tab follows the order
    nodes.forEach((group, i) => {
      outlined(group);
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "img");
      for (const event of ["mouseenter", "focus"]) group.addEventListener(event, () => inspect(i));
      group.addEventListener("blur", () => inspect(null));
    });
    for (const group of edges) lined(group, [...group.querySelectorAll("text")]);
    for (const group of [...nodes, ...edges]) {
      group.classList.toggle("cr-alarmed", Boolean(group.querySelector("text.cr-fill-background")));
    }
    for (const [id, part] of parts) {
      if (part.localName === "text") part.addEventListener("click", () => ask(id));
    }
    if (fresh && !calm.matches) svg.classList.add("cr-fresh");
    stage.replaceChildren(svg);
  }

  function write() {
    for (const [id, text] of Object.entries(shown.texts)) {
      const part = parts.get(id);
      if (!part) continue;
      if (part.localName !== "text") {
        part.setAttribute("aria-label", text);
      } else if (part.textContent !== text) {
        part.textContent = text;
      }
      if (part.localName === "text" && part.parentNode.querySelector(".cr-outline")) fit(part, part.parentNode);
    }
  }

  // -- one value, and the paths behind its gradient -----------------------------------------------

  function inspect(i) {
    if (i === null) {
      const focused = nodes.indexOf(document.activeElement);
      i = focused < 0 ? null : focused;
    }
    if (i !== shown.place) send({inspect: i});
  }

  function tell() {
    if (shown.place === null || !shown.panel) {
      traced(svg, nodes, edges, shown.edges, null, []);
      const textContent = touch ? shown.words.tap : shown.words.point;
      panel.replaceChildren(element("span", {className: "cr-hint", textContent}));
      return;
    }
    const trace = paths => traced(svg, nodes, edges, shown.edges, shown.place, paths);
    panel.replaceChildren(...inspected(shown.panel, shown.words, trace));
    trace(shown.panel.paths);
  }

  // -- questions ----------------------------------------------------------------------------------

  var asked, score, byKey = false;

  function questions() {
    const words = shown.words;
    asked = new Map();
    form.hidden = !shown.quiz;
    form.replaceChildren();
    if (!shown.quiz) return;
    score = element("div", {className: "cr-score"});
    form.append(score, element("div", {className: "cr-hint", textContent: words.how}));
    const groups = element("div", {className: "cr-groups"});
    form.append(groups);
    for (const kind of ["derivative", "message", "gradient"]) {
      const found = shown.quiz.questions.filter(question => question.kind === kind);
      if (!found.length) continue;
      const group = element("fieldset", {}, element("legend", {textContent: words[kind]}));
      for (const question of found) group.append(row(question, words));
      groups.append(group);
    }
  }

  function row({id, label}, words) {
    const field = element("input", {type: "text", autocomplete: "off", spellcheck: false});
    const name = element("label", {className: "cr-name"}, element("span", {textContent: label}), field);
    const state = element("span", {className: "cr-state"});
    const said = element("div", {className: "cr-said"});
    const help = (key, message) => {
      const made = element("button", {type: "button", textContent: words[key], onclick: () => send(message)});
      made.setAttribute("aria-label", filled(words[`${key}_of`], {label}));
      return made;
    };
    const hint = help("hint", {hint: id}), reveal = help("reveal", {reveal: id});
    typed(field, text => send({answer: {question: id, text}}));
    field.addEventListener("focus", () => light(id, true));
    field.addEventListener("blur", () => light(id, false));
    const made = element("div", {className: "cr-row"}, name, state, hint, reveal, said);
    asked.set(id, {made, field, state, hint, reveal, said, label, refused: ""});
    return made;
  }

  function mark() {
    if (!shown.quiz) return;
    score.textContent = shown.quiz.score;
    root.classList.toggle("cr-done", shown.quiz.done);
    for (const {id, status, given, said} of shown.quiz.questions) {
      const row = asked.get(id), closed = status === "right" || status === "shown";
      row.made.dataset.status = row.refused ? "refused" : status;
      row.state.textContent = !row.refused && shown.words[`state_${status}`] || "";
      row.said.textContent = row.refused || (status === "right" ? "" : said);
      row.field.readOnly = closed;
      row.hint.hidden = row.reveal.hidden = closed;
      if (!row.refused && (closed || row.field !== document.activeElement)) row.field.value = given;
      if (row.refused || status === "wrong") row.field.setAttribute("aria-invalid", "true");
      else row.field.removeAttribute("aria-invalid");
      const text = parts.get(id);
      if (text) text.classList.toggle("cr-unknown", !closed);
    }
  }

  // The box or the arrow that a question is about.
  function light(id, on) {
    const text = parts.get(id);
    if (!text) return;
    text.classList.toggle("cr-asked", on);
    text.parentNode.classList.toggle("cr-live", on);
    if (on) center(stage, text.parentNode, !calm.matches);
  }

  function ask(id) {
    const row = shown.quiz && asked.get(id);
    if (row) row.field.focus();
  }

  // What came of an answer or of a call for help is read aloud; after a right answer the next
  // question is at hand.
  function answered(key) {
    const question = shown.quiz && shown.quiz.questions.find(question => question.id === key);
    if (!question) return;
    note.textContent = `${question.label}: ${question.said}`;
    if (question.status !== "right" || document.activeElement !== asked.get(key).field) return;
    const fields = [...form.querySelectorAll("input")];
    const place = fields.indexOf(document.activeElement);
    const after = [...fields.slice(place + 1), ...fields.slice(0, place)].find(field => !field.readOnly);
    if (after) after.focus();
  }
}
