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

async function start() {
  const place = document.getElementById("app");
  const { runs } = await ask("/api/runs");
  let wanted = 0;
  const menu = el("select", { class: "run", "aria-label": "Run", onchange: () => { location.hash = ""; show(Number(menu.value)); } },
    ...runs.map((name, number) => el("option", { value: String(number), text: name })));
  const say = text => place.replaceChildren(menu, el("p", { class: "loading", role: "status", text }));

  async function show(run) {
    wanted = run;
    say(`Opening ${runs[run]} \u2026 The first time takes some seconds.`);
    try {
      const data = await ask(`/api/payload?run=${run}`);
      if (run !== wanted) return;  // another was chosen meanwhile
      openPage(data, {
        menu,
        readPicture: file => readPicture(run, file),
        imageAt: number => ask(`/api/image?run=${run}&number=${number}`),
        slopeOf: (levels, classIndex) => ask(`/api/slope?run=${run}&class=${classIndex}`, levels),
      });
    } catch (error) {
      if (run === wanted) say(error.message);  // and the menu, to choose another
    }
  }
  show(0);
}

start().catch(error => {
  document.getElementById("app").replaceChildren(el("p", { class: "loading", role: "alert", text: `The server does not answer (${error.message}). Is cnnlab play still running?` }));
});
