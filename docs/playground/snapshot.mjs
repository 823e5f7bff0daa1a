// Starts Python in Node with the packages of a built site, imports the engine, and writes what
// its memory then holds: a browser restores that in half a second, where starting takes several.
//   node snapshot.mjs SITE
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const site = resolve(process.argv[2]);
const at = (name) => pathToFileURL(`${site}/${name}`).href;

/** The answers to the opening requests, in each language. */
function opened(answer, { languages, opening }) {
  const first = {};
  for (const [room, request] of Object.entries(opening)) {
    first[room] = {};
    for (const language of languages) {
      const found = JSON.parse(answer(JSON.stringify(request(language))));
      if (found.error) throw new Error(found.error);
      first[room][language] = found;
    }
  }
  return first;
}

try {
  const { loadPyodide } = await import(at("pyodide/pyodide.mjs"));
  const { instance } = await import(at("viz.js"));
  const viz = await instance();
  globalThis.chainruleGraphviz = (dot, format) => viz.renderString(dot, { format });
  const python = await loadPyodide({ indexURL: `${site}/pyodide/`, _makeSnapshot: true });
  const packages = new Uint8Array(readFileSync(`${site}/packages.zip`));
  python.unpackArchive(packages, "zip", { extractDir: "/packages" });
  python.runPython(readFileSync(`${site}/start.py`, "utf8"));
  const answer = python.globals.get("answer");
  const first = opened(answer, await import(at("opening.js")));
  writeFileSync(`${site}/first.json`, JSON.stringify(first));
  answer.destroy();
  python.runPython("import gc; gc.collect()");
  writeFileSync(`${site}/snapshot.bin`, python.makeMemorySnapshot());
} catch (error) {
  console.error(error.message); // without the lines of WebAssembly, which are megabytes long
  process.exit(1);
}
