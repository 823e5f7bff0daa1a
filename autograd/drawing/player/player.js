// Starts every player of the page that is not running yet. The finished picture and all steps in
// words are there already (see player.py); if anything goes wrong here, they stay.
import {center, drawing, drawn, element, filled, fit, inspected, lined, outlined, traced, unpacked} from "./picture.js";

const MOVE = 750, REST = 1000; // milliseconds at speed 1
const PHASES = {value: "values", seed: "gradients", message: "gradients", sum: "gradients"};
const ICONS = {
  restart: "M1 1h2v10H1zM12 1v10L4 6z",
  back: "M10 1v10L2 6z",
  play: "M2 0v12l9-6z",
  pause: "M2 1h3v10H2zM7 1h3v10H7z",
  next: "M2 1v10l8-5z",
};

for (const root of document.querySelectorAll(".chainrule-player:not([data-ready])")) {
  const data = root.querySelector("script[type='application/json']");
  const image = root.querySelector(".cr-stage img");
  if (!data || !image) continue;
  root.dataset.ready = "";
  player(root, image, JSON.parse(data.textContent));
}

// -- the picture, made ready to be animated -------------------------------------------------------

function icon(name) {
  const svg = drawn("svg", {viewBox: "0 0 12 12", "aria-hidden": "true"});
  svg.append(drawn("path", {d: ICONS[name]}));
  return svg;
}

function picture(image, data) {
  const {svg, parts} = drawing(unpacked(image.src.split(",")[1]), image.alt, data);
  const groups = (letter, items) => items.map((_, i) => parts.get(`${letter}${i}`));
  const [nodes, edges] = [groups("n", data.nodes), groups("e", data.edges)];
  const canvas = svg.querySelector("g");
  canvas.append(...edges, ...nodes); // Tab follows the order
  return {svg, nodes: nodes.map(nodeParts), edges: edges.map(edgeParts), canvas};
}

// The line of text that is in this colour, which tells what it is about, whatever a label says.
// Where it alarms, its box and exclamation mark come just before it.
function lineIn(group, colour) {
  const text = group.querySelector(`text.cr-fill-${colour}`);
  const mark = text && text.previousElementSibling;
  const alarms = mark && mark.matches("text.cr-fill-background");
  return alarms ? [mark.previousElementSibling, mark, text] : text ? [text] : [];
}

function isAlarm(parts) {
  return parts.length > 1;
}

function nodeParts(group) {
  outlined(group);
  const value = lineIn(group, "value"), grad = lineIn(group, "grad");
  const soFar = grad.at(-1).cloneNode(false); // the gradient while it is still adding up
  soFar.classList.add("cr-so-far");
  grad.at(-1).after(soFar);
  return {group, value, grad, soFar};
}

function edgeParts(group) {
  const message = lineIn(group, "grad"), derivative = lineIn(group, "muted");
  const line = lined(group, [...message, ...derivative]);
  for (const text of derivative) text.classList.add("cr-derivative");
  return {group, line, message, derivative};
}

// -- the player ---------------------------------------------------------------------------------

function player(root, image, data) {
  const {svg, nodes, edges, canvas} = picture(image, data);
  const {steps, words} = data;
  const phases = {"": words.begin, values: words.values, gradients: words.gradients, done: words.done};
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let at = 0, playing = false, timer = 0, frame = 0;

  // controls
  const button = (name, word, action) => {
    const made = element("button", {type: "button", className: `cr-${name}`, onclick: action, title: word});
    made.setAttribute("aria-label", word); // where there is little room, only the icon is seen
    made.append(icon(name), element("span", {textContent: word}));
    return made;
  };
  const restart = button("restart", words.restart, () => stop(0));
  const back = button("back", words.back, () => stop(at - 1));
  const play = button("play", words.play, toggle);
  const next = button("next", words.next, () => stop(at + 1));
  const slider = element("input", {type: "range", min: 0, max: steps.length, step: 1, value: 0});
  slider.setAttribute("aria-label", words.step);
  slider.oninput = () => stop(Number(slider.value));
  const count = element("span", {className: "cr-count"});
  const speed = element("select");
  for (const factor of [0.5, 1, 2, 4]) {
    speed.append(element("option", {value: factor, textContent: `${factor}×`, selected: factor === 1}));
  }
  const controls = element("div", {className: "cr-controls"});
  controls.append(restart, back, play, next, slider, count);
  controls.append(element("label", {}, element("span", {textContent: words.speed}), speed));
  speed.setAttribute("aria-label", words.speed);

  // what happens now
  const now = element("div", {className: "cr-now"});
  const phase = element("span", {className: "cr-phase"});
  const caption = element("div", {className: "cr-caption"});
  const note = element("div", {className: "cr-note"});
  now.setAttribute("role", "status");
  now.setAttribute("aria-live", "polite");
  now.setAttribute("aria-atomic", "true");
  now.append(phase, caption, note);

  // the picture, and the panel below it
  const stage = root.querySelector(".cr-stage");
  const panel = element("div", {className: "cr-panel"});
  const rows = Math.max(...data.nodes.map(node => node.paths.length + (node.rest ? 1 : 0)));
  panel.style.minHeight = `${26 + 24 * (rows + 3)}px`; // pointing at a value moves nothing below
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", words.stage);
  const finished = element("div", {className: "cr-finished"}); // what is printed
  finished.append(element("img", {src: image.src, alt: image.alt}));
  stage.replaceChildren(svg, finished);
  stage.before(controls, now);
  stage.after(panel);
  nodes.forEach(({group}, i) => {
    const {name, formula, value, gradient, grad, heading} = data.nodes[i];
    const made = formula ? ` = ${formula}` : "";
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "img");
    group.setAttribute(
      "aria-label", filled(words.node,
        {name: name + made, value, gradient: `${gradient} = ${grad}`, paths: heading}));
    for (const event of ["mouseenter", "focus"]) group.addEventListener(event, () => inspect(i));
    group.addEventListener("blur", () => inspect(null));
  });
  // What is said of a value stays while the pointer is on its way there, to select it.
  root.addEventListener("mouseleave", () => inspect(null));
  let touch = window.matchMedia("(pointer: coarse)").matches;
  root.addEventListener("pointerover", event => {
    const before = touch;
    touch = event.pointerType === "touch";
    if (touch !== before && panel.querySelector(".cr-hint")) inspect(null);
  });
  const items = [...root.querySelectorAll("ol li")];
  items.forEach((item, i) => {
    // Not a button: the text of those can't be selected everywhere.
    const jump = element("span", {className: "cr-jump", tabIndex: 0, textContent: item.textContent});
    jump.setAttribute("role", "button");
    jump.onclick = () => { if (document.getSelection().isCollapsed) stop(i + 1); };
    jump.onkeydown = event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      stop(i + 1);
    };
    item.replaceChildren(jump);
  });
  root.addEventListener("keydown", key);
  inspect(null);
  show(0, false);
  if (root.closest("[data-chainrule-page]")) { // nothing else on the page wants keys or address
    const linked = () => stop(Number(location.hash.slice(1)) || 0); // e.html#10 is step 10
    document.addEventListener("keydown", event => event.target === document.body && key(event));
    window.addEventListener("hashchange", linked);
    linked();
  }

  // -- moving through the steps -----------------------------------------------------------------

  function stop(step) {
    pause();
    const to = Math.max(0, Math.min(steps.length, step));
    show(to, to === at + 1);
  }

  function toggle() {
    if (playing) return pause();
    playing = true;
    say(play, "pause");
    if (at === steps.length) show(0, false);
    timer = setTimeout(advance, 150);
  }

  function pause() {
    playing = false;
    clearTimeout(timer);
    say(play, "play");
  }

  function say(button, name) {
    button.replaceChildren(icon(name), element("span", {textContent: words[name]}));
    button.title = words[name];
    button.setAttribute("aria-label", words[name]);
  }

  function advance() {
    if (!root.isConnected || at === steps.length) return pause();
    show(at + 1, true);
  }

  function arrived() {
    root.dataset.settled = at;
    if (!playing) return;
    if (at === steps.length) return pause();
    timer = setTimeout(advance, (REST + (calm.matches ? MOVE : 0)) / speed.value);
  }

  function key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target === speed) return;
    const press = {" ": toggle, ArrowRight: () => stop(at + 1), ArrowLeft: () => stop(at - 1),
      Home: () => stop(0), End: () => stop(steps.length)}[event.key];
    const native = event.target === slider ? event.key !== " "
      : event.key === " " && event.target.closest("button, summary");
    if (!press || native) return;
    event.preventDefault();
    event.stopPropagation();
    press();
  }

  // -- one step ---------------------------------------------------------------------------------

  function show(to, moving) {
    cancelAnimationFrame(frame);
    for (const pill of canvas.querySelectorAll(".cr-pill")) pill.remove();
    at = to;
    delete root.dataset.settled;
    const step = steps[at - 1];
    const kind = step ? step.kind : "";
    now.dataset.phase = PHASES[kind] || kind;
    phase.textContent = phases[now.dataset.phase];
    caption.textContent = (step || data.start).caption;
    note.textContent = (step || data.start).note;
    count.textContent = filled(words.count, {at, all: steps.length});
    slider.value = at;
    slider.setAttribute("aria-valuetext", `${count.textContent}: ${caption.textContent}`);
    restart.disabled = back.disabled = at === 0;
    next.disabled = at === steps.length;
    items.forEach((item, i) => i === at - 1
      ? item.setAttribute("aria-current", "step") : item.removeAttribute("aria-current"));
    root.dataset.step = at;

    const flights = step ? flightsOf(step) : [];
    if (moving && !calm.matches && flights.length) {
      paint(at - 1, step);
      reveal(step, true);
      fly(flights, () => { paint(at, step); arrived(); });
    } else {
      paint(at, step);
      reveal(step, false);
      arrived();
    }
  }

  // What moves: an operation's inputs up to it, or a message down its edge.
  function flightsOf(step) {
    if (step.kind === "message") {
      return [{line: edges[step.edge].line, text: step.figures[2], grad: true}];
    }
    if (step.kind !== "value") return [];
    return data.edges.flatMap(([parent, output], j) => output === step.node
      ? [{line: edges[j].line, text: data.nodes[parent].value, grad: false}] : []);
  }

  // Everything that the first `upto` steps have brought, with `step` as what happens now.
  function paint(upto, step) {
    const valued = new Set(), flowed = new Set(), graded = new Map();
    const missing = data.nodes.map(() => 0);
    for (const [parent] of data.edges) missing[parent] += 1;
    steps.slice(0, upto).forEach(({kind, node, edge, figures}) => {
      if (kind === "value") valued.add(node);
      if (kind === "seed") graded.set(node, figures[0]);
      if (kind === "message") {
        flowed.add(edge);
        missing[node] -= 1;
        if (!graded.has(node)) graded.set(node, figures[2]);
      }
      if (kind === "sum") graded.set(node, figures[2]);
    });
    const adding = step && step.kind === "message" && upto === at
      && steps[at] && steps[at].kind === "sum" ? step.node : null; // in hand, not yet added
    const live = step && step.kind !== "done" ? step : {};
    nodes.forEach(({group, value, grad, soFar}, i) => {
      const complete = graded.has(i) && !missing[i] && i !== adding;
      toggleClasses(group, {
        "cr-todo": !valued.has(i) && live.node !== i,
        "cr-graded": complete,
        "cr-alarmed": (valued.has(i) && isAlarm(value)) || (complete && isAlarm(grad)),
        "cr-live": live.node === i || (live.edge != null && data.edges[live.edge][1] === i),
        "cr-value": live.kind === "value",
        "cr-grad": live.kind !== "value",
      });
      for (const text of value) text.classList.toggle("cr-off", !valued.has(i));
      for (const text of grad) text.classList.toggle("cr-off", !complete);
      soFar.textContent = graded.has(i) && !complete ? filled(words.grad, {number: `${graded.get(i)} + …`}) : "";
      fit(soFar, group);
    });
    edges.forEach(({group, message, derivative}, j) => {
      const [, output] = data.edges[j];
      toggleClasses(group, {
        "cr-todo": !valued.has(output) && !(live.kind === "value" && live.node === output),
        "cr-fed": live.kind === "value" && live.node === output,
        "cr-flowed": flowed.has(j) || live.edge === j,
        "cr-alarmed": (valued.has(output) && isAlarm(derivative)) || (flowed.has(j) && isAlarm(message)),
        "cr-live": live.edge === j,
      });
      for (const text of derivative) text.classList.toggle("cr-off", !valued.has(output));
      for (const text of message) text.classList.toggle("cr-off", !flowed.has(j));
    });
  }

  function toggleClasses(group, classes) {
    for (const [name, on] of Object.entries(classes)) group.classList.toggle(name, Boolean(on));
  }

  function fly(flights, land) {
    const pills = flights.map(({line, text, grad}) => {
      const pill = drawn("g", {class: `cr-pill ${grad ? "cr-grad" : ""}`, "aria-hidden": "true"});
      const label = drawn("text", {"text-anchor": "middle", y: 4.6, "font-size": 13});
      label.textContent = text;
      pill.append(label);
      canvas.append(pill);
      const width = Math.max(22, label.getComputedTextLength() + 14);
      pill.prepend(drawn("rect", {x: -width / 2, y: -11, width, height: 22, rx: 11}));
      const length = line.getTotalLength();
      return far => {
        const point = line.getPointAtLength(length * (grad ? 1 - far : far));
        pill.setAttribute("transform", `translate(${point.x} ${point.y})`);
        return pill;
      };
    });
    const start = performance.now(), duration = MOVE / speed.value;
    const tick = time => {
      const far = Math.min(1, Math.max(0, (time - start) / duration));
      const eased = far < 0.5 ? 2 * far * far : 1 - 2 * (1 - far) * (1 - far);
      const placed = pills.map(place => place(eased));
      if (far < 1) {
        frame = requestAnimationFrame(tick);
      } else {
        for (const pill of placed) pill.remove();
        land();
      }
    };
    tick(start);
  }

  // Where the picture is larger than the stage, scroll to what happens.
  function reveal(step, smoothly) {
    if (!step || step.kind === "done") return;
    if (stage.scrollWidth <= stage.clientWidth && stage.scrollHeight <= stage.clientHeight) return;
    center(stage, nodes[step.node].group, smoothly);
  }

  // -- one value, and the paths behind its gradient ---------------------------------------------

  function inspect(i) {
    if (i === null) {
      const focused = nodes.findIndex(({group}) => group === document.activeElement);
      if (focused >= 0) return inspect(focused);
      trace(null);
      const textContent = touch ? words.tap : words.point;
      panel.replaceChildren(element("span", {className: "cr-hint", textContent}));
      return;
    }
    const node = data.nodes[i];
    panel.replaceChildren(...inspected(node, words, paths => trace(i, paths)));
    trace(i, node.paths);
  }

  function trace(i, paths = []) {
    traced(svg, nodes.map(({group}) => group), edges.map(({group}) => group), data.edges, i, paths);
  }
}
