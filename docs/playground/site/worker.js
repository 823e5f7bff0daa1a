// Python, in a thread of its own: a program that never ends does not hold up the page.

import createPyodideModule from "./pyodide/pyodide.asm.mjs";
import { loadPyodide } from "./pyodide/pyodide.mjs";
import { instance } from "./viz.js";

// This worker stands under the page's policy (see engine.js); one that a program began from an address
// of this site would not.
delete globalThis.Worker;

const PAGE = 65536;
const at = (name) => new URL(name, import.meta.url);

async function fetched(name) {
  const response = await fetch(at(name));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
}

/** What Python's memory held after the imports, when the site was built. */
async function snapshot() {
  const { body } = await fetched("snapshot.bin.gz");
  return new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Make WebAssembly's memory as large as a snapshot before that is copied into it: Pyodide takes the
 * memory as it is, and one that has grown since the start does not fit. */
const withRoomFor = (kept) => async (settings) => {
  const { instantiateWasm } = settings;
  const { byteLength } = await kept;
  settings.instantiateWasm = (imports, receive) =>
    instantiateWasm(imports, (instance, module) => {
      const { memory } = instance.exports;
      const missing = Math.ceil((byteLength - memory.buffer.byteLength) / PAGE);
      if (missing > 0) memory.grow(missing);
      receive(instance, module);
    });
  return createPyodideModule(settings);
};

async function start() {
  const packages = fetched("packages.zip").then((response) => response.arrayBuffer());
  const graphviz = instance();
  const options = { indexURL: at("pyodide/").href };
  let python;
  let restored = true;
  try {
    const kept = snapshot();
    const room = withRoomFor(kept);
    python = await loadPyodide({ ...options, _loadSnapshot: kept, createPyodideModule: room });
  } catch (error) {
    console.info(`Python starts from the beginning: ${error}`);
    restored = false;
    python = await loadPyodide(options);
  }
  python.unpackArchive(await packages, "zip", { extractDir: "/packages" });
  if (!restored) python.runPython(await (await fetched("start.py")).text());
  const viz = await graphviz;
  globalThis.chainruleGraphviz = (dot, format) => viz.renderString(dot, { format });
  python.globals.get("begin")();
  return {
    answer: python.globals.get("answer"),
    run: python.globals.get("run_for_page"),
    restored,
  };
}

const started = start();
started.then(
  ({ restored }) => postMessage({ ready: { restored } }),
  (error) => postMessage({ failed: String(error) }),
);

// One request after the other, in the order in which they came.
let queue = started;
onmessage = ({ data: { id, request, code } }) => {
  queue = queue.then(async (python) => {
    try {
      if (code === undefined) postMessage({ id, answer: python.answer(request) });
      else {
        python.run(code, (shown) => postMessage({ id, shown }));
        postMessage({ id });
      }
    } catch (error) {
      postMessage({ id, broken: String(error.message).slice(-500) }); // beyond repair, as after a full stack
    }
    return python;
  });
};
