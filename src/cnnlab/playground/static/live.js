// The page on a server: other runs, pictures from disk or camera, every validation image, slopes.

import { el } from "./dom.js";
import { openPage } from "./main.js";

const HEADERS = { "X-Cnnlab": "1", "Content-Type": "application/octet-stream" };

// A refusal is plain text.
async function answerOf(response) {
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function ask(path, body) {
  const how = body === undefined ? {} : { method: "POST", headers: HEADERS, body };
  return fetch(path, how).then(answerOf);
}

async function start() {
  const place = document.getElementById("app"), say = text => place.replaceChildren(el("p", { class: "loading", role: "status", text }));
  const { runs } = await ask("/api/runs");
  async function show(run) {
    say(`Opening ${runs[run]} \u2026 The first time takes some seconds.`);
    const data = await ask(`/api/payload?run=${run}`);
    const menu = el("select", { class: "run", "aria-label": "Run", onchange: event => { location.hash = ""; go(Number(event.target.value)); } },
      ...runs.map((name, number) => el("option", { value: String(number), text: name, selected: number === run })));
    openPage(data, {
      menu,
      readPicture: file => ask(`/api/picture?run=${run}`, file),
      imageAt: number => ask(`/api/image?run=${run}&number=${number}`),
      slopeOf: (levels, classIndex) => ask(`/api/slope?run=${run}&class=${classIndex}`, levels),
    });
  }
  const go = run => show(run).catch(error => say(error.message));
  go(0);
}

start().catch(error => {
  document.getElementById("app").replaceChildren(el("p", { class: "loading", role: "alert", text: `The server does not answer (${error.message}). Is cnnlab play still running?` }));
});
