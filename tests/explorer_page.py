"""An exploration on a page of its own, for tests in a browser: a small server calls `receive`."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from autograd.exploring.page_parts import explorer_module, explorer_styles

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<style>{styles}
body {{ margin: 1rem; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #0d1013; }} }}</style>
<main><div id="here"></div></main>
<script type="module">
  import {{mount}} from "./explorer.js";
  const asked = message => fetch("receive", {{method: "POST", body: JSON.stringify(message)}});
  const receive = async message => (await asked(message)).json();
  const state = await (await fetch("state")).json();
  const language = new URLSearchParams(location.search).get("lang");
  window.unmount = mount(document.querySelector("#here"), {{state, receive, language}});
  document.documentElement.dataset.mounted = "yes";
</script>
"""


class ExplorerPage:
    """Serves the exploration at `address`; `messages` are those that came."""

    def __init__(self, exploration):
        self.exploration = exploration
        self.messages = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def handler(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.partition("?")[0]
                if path == "/explorer.js":
                    self.answer(explorer_module(), "text/javascript")
                elif path == "/state":
                    self.answer(json.dumps(outer.exploration.state()), "application/json")
                else:
                    self.answer(PAGE.format(styles=explorer_styles()), "text/html")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.messages.append(json.loads(body))
                reply = outer.exploration.receive(outer.messages[-1])
                self.answer(json.dumps(reply, allow_nan=False), "application/json")

            def answer(self, text, kind):
                data = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        return Handler

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
