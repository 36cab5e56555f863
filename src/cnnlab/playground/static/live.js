// The page on a server: other runs, pictures from disk or camera, every validation image, slopes.

import { el } from "./dom.js";
import { openPage } from "./main.js";

const MOST_BYTES = 20e6;  // the server refuses larger pictures
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

async function readPicture(run, file) {
  if (file.size > MOST_BYTES) throw new Error(`A picture may have ${MOST_BYTES / 1e6} MB at most. Make it smaller.`);
  return ask(`/api/picture?run=${run}`, file);
}

// Each run has an address of its own: a new page keeps no listeners of the run before.
async function start() {
  const place = document.getElementById("app"), run = Number(new URLSearchParams(location.search).get("run")) || 0;
  const { runs, own } = await ask("/api/runs");
  const menu = el("select", { class: "run", "aria-label": "Run", onchange: () => location.assign(`/?run=${menu.value}`) },
    ...runs.map((name, number) => el("option", { value: String(number), text: name, selected: number === run })));
  const say = text => place.replaceChildren(menu, el("p", { class: "loading", role: "status", text }));
  say(`Opening ${runs[run] || "the run"} \u2026 The first time takes some seconds.`);
  try {
    openPage(await ask(`/api/payload?run=${run}`), {
      menu,
      own,  // false: the network that comes with cnnlab, whose validation images are not here
      readPicture: file => readPicture(run, file),
      imagesOf: (label, answer, first) => ask(`/api/cell?run=${run}&label=${label}&answer=${answer}&first=${first}`),
      examplesOf: (stage, map) => ask(`/api/examples?run=${run}&stage=${stage}&map=${map}`),
      imageAt: number => ask(`/api/image?run=${run}&number=${number}`),
      slopeOf: (levels, classIndex) => ask(`/api/slope?run=${run}&class=${classIndex}`, levels),
    });
  } catch (error) {
    say(error.message);  // and the menu, to choose another
  }
}

start().catch(error => {
  document.getElementById("app").replaceChildren(el("p", { class: "loading", role: "alert", text: `The server does not answer (${error.message}). Is cnnlab play still running?` }));
});
