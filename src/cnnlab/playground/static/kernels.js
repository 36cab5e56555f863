// The kernels of a stage with their numbers, and where in the pictures each map answers most.

import { tensorOf } from "./forward.js";
import { pixelOf } from "./explain.js";
import { el, fixed, quiet } from "./dom.js";
import { grid } from "./drawer.js";
import { endOf, greyOf, paint, rgbOf } from "./paint.js";
import { functionName, number, placeText } from "./words.js";

const MOST_CHANNELS = 18, PATCHES = 9;

export function makeKernels(app) {
  const title = el("h2"), large = el("div", { class: "large" }), small = el("div", { class: "small-kernels" }), found = el("div", { class: "patches" }), readout = el("p", { class: "hint" });
  const choice = el("div", { class: "row stages-to-choose" });
  const node = el("div", {}, el("div", { class: "head" }, title, choice, readout), el("div", { class: "with-patches" }, large, small, found));
  let asked = 0, channel = 0;

  function show() {
    const withKernels = app.stages.filter(stage => stage.steps.some(step => step.op === "conv2d"));
    if (!withKernels.length) {
      title.textContent = "This network has no convolution, so it has no kernels.";
      return;
    }
    let stage = app.at && app.stage(app.at.stage);
    if (!withKernels.includes(stage)) stage = withKernels[0];
    const map = app.at && app.at.stage === stage.name ? app.at.pixel[0] : 0;
    const step = stage.steps.find(each => each.op === "conv2d"), weight = tensorOf(app.graph, step, "weight");
    const [, channels, rows, columns] = weight.shape, size = rows * columns, end = endOf(weight.data);
    title.textContent = channels > 1 ? `${stage.title}, map ${map + 1}: ${channels} kernels` : `${stage.title}, kernel ${map + 1}`;
    choice.replaceChildren(...mapButtons(withKernels, stage, map));
    channel = Math.min(channel, channels - 1);
    const rowsOf = place => {
      const start = (map * channels + place) * size;
      return Array.from({ length: rows }, (_, r) => Array.from(weight.data.subarray(start + r * columns, start + (r + 1) * columns)));
    };
    const colour = each => rgbOf(each, end), ends = `Colours from \u2212${end.toFixed(2)} to +${end.toFixed(2)}.`;
    function enlarge(place) {
      channel = place;
      const numbers = rowsOf(place), texts = size <= 49 ? numbers.map(row => row.map(each => fixed(each, 2).replace(/^(.?)0\./, "$1."))) : null;
      const read = (r, c) => { readout.textContent = `Row ${r + 1}, column ${c + 1}: ${fixed(numbers[r][c], 4)}`; };
      readout.textContent = ends;
      large.replaceChildren(grid(numbers, colour, read, texts), quiet(channels > 1 ? `It reads map ${place + 1} before it.` : "It reads the picture."));
      small.querySelectorAll("button").forEach((each, at) => each.setAttribute("aria-pressed", String(at === place)));
    }
    const shown = channels > 1 ? Math.min(channels, MOST_CHANNELS) : 0;
    small.replaceChildren(...Array.from({ length: shown }, (_, place) => el("button", { type: "button", onclick: () => enlarge(place) },
      grid(rowsOf(place), colour, () => {}), el("span", { text: `map ${place + 1}` }))),
    ...(channels > shown && shown ? [quiet(`${shown} of ${channels}`)] : []));
    enlarge(channel);
    findPatches(stage, map);
  }

  function mapButtons(stages, stage, map) {
    const choose = (name, number) => app.pin({ stage: name, pixel: [number, 0, 0] });
    const stageList = el("select", { "aria-label": "Stage", onchange: event => choose(event.target.value, 0) }, ...stages.map(each => el("option", { value: each.name, text: each.title, selected: each === stage })));
    const mapList = el("select", { "aria-label": "Map", onchange: event => choose(stage.name, Number(event.target.value)) },
      ...Array.from({ length: stage.shape[0] }, (_, each) => el("option", { value: String(each), text: `map ${each + 1}`, selected: each === map })));
    return [stageList, mapList];
  }

  // Find where the map is largest: the server looks through all validation images, a file through
  // the pictures that it has, a few at a time, so that the page stays alive.
  async function findPatches(stage, map) {
    const run = ++asked, step = stage.last.op === "activation" ? app.graph.byName.get(stage.last.inputs[0]) : stage.last;
    const heading = el("p", { class: "caption" }), before = step === stage.last ? "" : `, before ${functionName(stage.last.settings.function)}`;
    const say = text => heading.replaceChildren(el("b", { text: "Where this map answers most" }), text);
    found.replaceChildren(heading);
    let why = "";
    if (app.live && app.live.own) {
      say(`looking through ${number(app.data.run.validation)} validation images`);
      try {
        const { count, images } = await app.live.examplesOf(app.graph.stages.findIndex(each => each.name === stage.name), map);
        if (run !== asked) return;
        say(`of all ${number(count)} validation images${before}`);
        drawPatches(stage, images.map(each => ({ picture: { ...each, levels: Uint8Array.from(each.levels) }, value: each.value, pixel: [map, each.row, each.column] })));
        return;
      } catch (error) {
        if (run !== asked) return;
        why = `. ${error.message}`;
      }
    }
    say(`looking through ${app.pictures.length} pictures`);
    const best = [], [, rows, columns] = stage.shape;
    let next = 0, kept = null;
    function slice() {
      if (run !== asked) return;
      for (const until = Date.now() + 12; next < app.pictures.length && Date.now() < until; next++) {
        kept = app.computeApart(app.inputOf(app.pictures[next].levels), kept);
        const values = kept.get(step.name);
        let top = map * rows * columns;
        for (let i = top; i < (map + 1) * rows * columns; i++) if (values[i] > values[top]) top = i;
        best.push({ picture: app.pictures[next], value: values[top], pixel: pixelOf(stage.shape, top) });
      }
      if (next < app.pictures.length) setTimeout(slice, 0);
      else {
        say(`of the ${next} pictures here, not all ${number(app.data.run.validation)}${before}${why}`);
        drawPatches(stage, best.sort((a, b) => b.value - a.value).slice(0, PATCHES));
      }
    }
    slice();
  }

  function drawPatches(stage, best) {
    found.append(...best.map(({ picture, value, pixel }) => {
      const at = { stage: stage.name, pixel }, box = app.fieldOf(at), input = app.inputOf(picture.levels);
      const numbers = [];
      for (let r = box.row; r < box.row + box.rows; r++) for (let c = box.column; c < box.column + box.columns; c++) {
        numbers.push(r < 0 || c < 0 || r >= 32 || c >= 32 ? -1 : input[r * 32 + c]);
      }
      return el("button", { type: "button", class: "patch", onclick: () => app.open(picture, at), "aria-label": `${app.nameOf(picture)}: ${fixed(value, 2)} at ${placeText(stage, pixel)}` },
        paint(el("canvas"), numbers, box.columns, greyOf), el("span", { text: fixed(value, 2) }));
    }));
  }

  return { node, show, stop: () => { asked += 1; } };
}
