// Why a gradient is what it is, in the engine's words, with all paths to unfold.

import { word } from "./words.js";

/** A heading, the text of `explain`, and the table of `paths`. */
export function reasons(heading, { text, paths }) {
  const box = document.createElement("div");
  box.className = "reasons";
  box.innerHTML =
    '<h3></h3><pre class="explained" tabindex="0"></pre>' +
    '<details><summary></summary><div class="paths" tabindex="0"></div></details>';
  const [title, explained, details] = box.children;
  title.append(heading);
  explained.textContent = text;
  details.firstChild.textContent = word("allPaths");
  details.lastChild.innerHTML = paths; // the engine's own table, which escapes labels
  return box;
}
