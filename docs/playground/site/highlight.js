// Python in colours, by its tokens: enough to read a small program.

const KEYWORDS =
  "and as assert async await break class continue def del elif else except False finally for from " +
  "global if import in is lambda None nonlocal not or pass raise return True try while with yield";
const TOKENS = [
  ["comment", /#[^\n]*/],
  ["string", /(?:\b[rbfuRBFU]{1,2})?(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)/],
  ["keyword", new RegExp(`\\b(?:${KEYWORDS.replaceAll(" ", "|")})\\b`)],
  ["number", /\b(?:\d[\d_]*\.?[\d_]*(?:[eE][+-]?\d+)?|0[xob][\da-fA-F]+)\b/],
];
const ALL = new RegExp(TOKENS.map(([kind, token]) => `(?<${kind}>${token.source})`).join("|"), "g");
const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escaped = (text) => text.replace(/[&<>]/g, (c) => ESCAPED[c]);

/** The program as HTML; a last empty line keeps its height. */
export function coloured(code) {
  let found = "";
  let end = 0;
  for (const match of code.matchAll(ALL)) {
    const kind = TOKENS.find(([name]) => match.groups[name] !== undefined)[0];
    const cell = kind === "comment" && /^#\s?%%/.test(match[0]) ? " cell-mark" : "";
    found += escaped(code.slice(end, match.index));
    found += `<span class="${kind}${cell}">${escaped(match[0])}</span>`;
    end = match.index + match[0].length;
  }
  return `${found}${escaped(code.slice(end))}\n`;
}
