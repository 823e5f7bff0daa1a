// What the scripts of moving pictures share: Graphviz's SVG made ready to be changed, the panel of
// one value, and small tools. The player and the explorer import from here.
const SVG = "http://www.w3.org/2000/svg";

// -- small tools ----------------------------------------------------------------------------------

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function drawn(tag, attributes = {}) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function filled(text, values) {
  return text.replace(/\{(\w*)\}/g, (_, name) => values[name]);
}

// The text that was written in base64 as pages hold pictures and answers.
export function unpacked(text) {
  return new TextDecoder().decode(Uint8Array.from(atob(text), c => c.charCodeAt(0)));
}

// -- the picture ----------------------------------------------------------------------------------

// The SVG as an element in the colours of the page, and its parts by the ids they had: another
// picture of this page may have the same.
export function drawing(text, alt, {colours, narrowest}) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.localName !== "svg") throw new Error("the picture is not an SVG");
  const svg = document.importNode(parsed, true);
  const parts = new Map();
  for (const unwanted of svg.querySelectorAll("title, style, script")) unwanted.remove();
  for (const part of [svg, ...svg.querySelectorAll("*")]) {
    if (part.id) parts.set(part.id, part);
    part.removeAttribute("id");
    for (const link of ["href", "xlink:href", "xlink:title"]) part.removeAttribute(link);
    for (const property of ["fill", "stroke"]) {
      const colour = (part.getAttribute(property) || "").toLowerCase();
      const name = {black: "text", white: "background"}[colour] || colours[colour];
      if (name) part.classList.add(`cr-${property}-${name}`);
    }
    if (part.localName === "text" && !part.hasAttribute("fill")) part.classList.add("cr-fill-text");
  }
  const width = parseFloat(svg.getAttribute("width")) * 4 / 3; // points to pixels
  svg.removeAttribute("height");
  svg.setAttribute("width", width);
  svg.style.maxWidth = "100%";
  svg.style.setProperty("--cr-narrowest", `${narrowest}px`);
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", alt);
  return {svg, parts};
}

// Names for the parts of a box and of an arrow, by which they are styled.
export function outlined(group) {
  const shapes = [...group.querySelectorAll("path, polygon, ellipse")];
  const hasOutline = shape => !["none", "transparent"].includes(shape.getAttribute("stroke"));
  group.classList.add("cr-node");
  (shapes.find(hasOutline) || shapes[0]).classList.add("cr-outline");
}

export function lined(group, label) {
  const line = group.querySelector("path");
  group.classList.add("cr-edge");
  line.classList.add("cr-line");
  for (const head of group.querySelectorAll("polygon")) {
    if (!label.includes(head)) head.classList.add("cr-head");
  }
  return line;
}

// A text that begins inside a box ends inside it, with the same margin.
export function fit(text, group) {
  const box = group.querySelector(".cr-outline").getBBox();
  const room = box.width - 2 * (parseFloat(text.getAttribute("x")) - box.x);
  text.removeAttribute("textLength");
  if (text.getAttribute("text-anchor") === "start" && text.getComputedTextLength() > room && room > 0) {
    text.setAttribute("textLength", room);
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

// Where the picture is larger than the stage, scroll to a part of it.
export function center(stage, group, smoothly) {
  const here = group.getBoundingClientRect(), frame = stage.getBoundingClientRect();
  stage.scrollBy({
    left: here.x + here.width / 2 - frame.x - frame.width / 2,
    top: here.y + here.height / 2 - frame.y - frame.height / 2,
    behavior: smoothly ? "smooth" : "instant",
  });
}

// -- one value, and the paths behind its gradient -------------------------------------------------

// What the panel says of a value; pointing at a path traces that one alone.
export function inspected(node, words, trace) {
  const facts = element("div", {className: "cr-facts"});
  const value = filled(words.value, {number: node.value});
  const grad = filled(words.grad, {number: `${node.gradient} = ${node.grad}`});
  facts.append(
    element("b", {textContent: node.formula ? `${node.name} = ${node.formula}` : node.name}),
    element("span", {className: "cr-is-value", textContent: value}),
    element("span", {className: "cr-is-grad", textContent: grad}));
  const table = element("table");
  const head = element("thead"), body = element("tbody"), foot = element("tfoot");
  const row = (...cells) => element("tr", {}, ...cells);
  const cell = (tag, text) => element(tag, {textContent: text});
  head.append(row(cell("th", node.heading), cell("th", words.product)));
  for (const path of node.paths) {
    const line = row(cell("td", path.route), cell("td", path.product));
    line.onmouseenter = () => trace([path]);
    line.onmouseleave = () => trace(node.paths);
    body.append(line);
  }
  if (node.rest) body.append(row(cell("td", node.rest), cell("td", "")));
  foot.append(row(cell("th", words.sum), cell("td", `${node.sum} = ${node.gradient}`)));
  table.append(head, body, foot);
  return [facts, table];
}

// Only these paths of a value are seen in full; all of the picture where it is null.
export function traced(svg, nodes, edges, ends, i, paths) {
  svg.classList.toggle("cr-tracing", i !== null);
  const along = new Set(paths.flatMap(path => path.edges));
  const touched = new Set([i]);
  for (const j of along) for (const end of ends[j]) touched.add(end);
  nodes.forEach((group, k) => group.classList.toggle("cr-traced", touched.has(k)));
  edges.forEach((group, j) => group.classList.toggle("cr-traced", along.has(j)));
}
