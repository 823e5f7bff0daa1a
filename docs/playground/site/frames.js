// What a program shows as HTML stands in a frame of its own, which can reach neither the page nor
// the network: a program may come from a link.

/** A frame that shows HTML and is as high as that. */
export function frameFor(html, title) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.title = title;
  frame.src = new URL("frame.html", import.meta.url).href;
  const tell = (message) => frame.contentWindow?.postMessage(message, "*");
  frame.retheme = () => tell({ theme: document.documentElement.dataset.theme ?? "" });
  frame.onload = () => {
    frame.retheme();
    tell({ html });
  };
  return frame;
}

addEventListener("message", ({ data, source }) => {
  if (typeof data?.height !== "number") return;
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.contentWindow === source) frame.style.height = `${Math.min(data.height, 4000)}px`;
  }
});
