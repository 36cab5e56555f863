// The page: it computes the network, shows it, and does what hands and keys ask for.

import { asInput, compute, readGraph, softmax, tensorOf } from "./forward.js";
import { asMaps, explain, pixelOf, reach, strongestBefore, strongestPath } from "./explain.js";
import { button, el, minus, speaker } from "./dom.js";
import { endOf } from "./paint.js";
import { number, placeText, runText, spokenText, stageTitle } from "./words.js";
import { addressWriter, readState, tabs } from "./state.js";
import { lengthen, unpack } from "./stored.js";
import { makeStrip } from "./strip.js";
import { makeDrawer } from "./drawer.js";
import { makeKernels } from "./kernels.js";
import { makeWhy } from "./why.js";
import { makeDraw } from "./draw.js";
import { makeMistakes } from "./mistakes.js";
import { makeTraining } from "./training.js";

const PIXELS = 28 * 28, TOLERANCE = 1e-3, TRAIL = 12, CANDIDATES = 64;
const NAMES = { see: "See", draw: "Draw", why: "Why?", kernels: "Kernels", mistakes: "Mistakes", training: "Training" };

function stagesOf(graph) {
  return graph.stages.filter(stage => stage.name !== "input").map(stage => {
    const shape = asMaps(stage.last.shape), isAnswer = stage.last.name === graph.answer;
    return { ...stage, shape, isAnswer, isVector: shape[1] * shape[2] === 1, title: isAnswer ? "Answer" : stageTitle(stage.name) };
  });
}

function makeApp(data, live) {
  const graph = readGraph(data.graph, unpack(data.weights)), stages = stagesOf(graph);
  const levels = lengthen(unpack(data.pictures.levels));
  // A label of null: a person's own picture.
  const pictures = data.pictures.labels.map((label, place) => ({ label, place, levels: levels.subarray(place * PIXELS, (place + 1) * PIXELS) }));
  const input = { name: "input", title: "Picture", shape: [1, 32, 32], isVector: false, isAnswer: false, steps: [graph.input], last: graph.input };
  const byName = Object.fromEntries([input, ...stages].map(stage => [stage.name, stage]));
  const app = {
    data, live, graph, stages, pictures, classes: data.classes,
    scale: "stage", picture: 0, at: null, hovered: null, trail: [], tab: "see", isMoving: false, isBlank: false,
    levels: pictures[0].levels, label: pictures[0].label, changedBy: "",
    stage: name => byName[name],
    stageOfStep: Object.fromEntries(Object.values(byName).map(stage => [stage.last.name, stage])),
  };
  let values = null;
  const limits = { pictures: pictures.length, stages: Object.fromEntries(stages.map(stage => [stage.name, stage.shape])) };
  const writeAddress = addressWriter(limits), voice = speaker();

  app.inputOf = asInput;
  app.computeApart = (picture, kept) => compute(graph, picture, kept || undefined);
  app.valuesOf = stage => values.get(stage.last.name);
  app.endOf = stage => {
    if (stage.name === "input") return 1;
    if (app.scale === "network") return Math.max(...stages.filter(each => !each.isAnswer).map(each => endOf(app.valuesOf(each))));
    return endOf(app.valuesOf(stage));
  };
  // All of the picture that can reach a number.
  app.fieldOf = at => {
    const box = reach(graph, at.stage, at.pixel).find(each => each.stage === "input");
    return box ? { row: box.top, column: box.left, rows: box.bottom - box.top + 1, columns: box.right - box.left + 1 } : null;
  };
  // What the network says of each stored picture: the matrix shows them, the first prove the page.
  const logits = pictures.map(picture => {
    values = compute(graph, asInput(picture.levels), values || undefined);
    return Float32Array.from(values.get(graph.answer));
  });
  app.answers = logits.map(indexOfLargest);

  function recompute() {
    app.input = asInput(app.levels);
    values = compute(graph, app.input, values || undefined);
    app.shares = softmax(values.get(graph.answer));
  }

  app.sourceText = () => {
    if (app.changedBy) return app.changedBy;
    return `${app.picture + 1} of ${pictures.length}: ${app.label === null ? "your picture" : app.classes[app.label].replace("-", "\u2011")}`;
  };

  // Show other grey levels: a stored picture, or one that is drawn or changed.
  app.show = (picture, label, changedBy = "", isMoving = false) => {
    app.levels = picture;
    app.label = label;
    app.changedBy = changedBy;
    app.isMoving = isMoving;
    app.isBlank = picture.every(level => level === 0);
    app.strip.cover.hidden = true;
    recompute();
    app.strip.update();
    app.remark();
    if (panels[app.tab].follow) panels[app.tab].follow();
  };
  app.choose = place => {
    const count = pictures.length;
    app.picture = (place + count) % count;
    app.show(pictures[app.picture].levels, pictures[app.picture].label);
    save();
  };

  // Show a picture of the page, or a validation image that the server sent: it has a number.
  app.open = (picture, at) => {
    if (picture.number === undefined) app.choose(picture.place);
    else app.show(picture.levels, picture.label, app.nameOf(picture));
    if (at) app.pin(at);
    app.turnTo("see");
  };

  app.nameOf = picture => (picture.number === undefined ? `Picture ${picture.place + 1}` : `Validation image ${picture.number + 1}`);

  app.remark = () => {
    const at = app.hovered || app.at, isPointing = app.tab === "see" || app.tab === "kernels";
    if (!at) return;
    if (!isPointing && !app.hovered) {  // here the picture and the answer matter
      app.strip.mark(null);
      return;
    }
    const stage = app.stage(at.stage), explanation = explain(graph, values, stage.name, at.pixel);
    app.strip.mark(at, explanation, app.fieldOf(at));
    app.strip.legend(stage.isAnswer ? null : app.endOf(stage));
    if (app.tab === "see") panels.see.show(at, explanation);
    here.textContent = `${placeText(stage, at.pixel)}: ${minus(explanation.printed)} \u2193`;
    if (!app.hovered) voice.speak(spokenText(stage, at.pixel, explanation));
  };
  app.preview = at => {
    if (!at) {
      app.hovered = null;
      app.remark();
      return;
    }
    panels.see.stop();
    app.hovered = at;
    app.remark();
  };
  app.pin = (at, trail = []) => {
    app.at = at;
    app.hovered = null;
    app.trail = trail;
    app.isMoving = false;
    app.remark();
    if (app.tab === "kernels") panels.kernels.show();
    save();
  };
  app.follow = () => {
    if (!app.at) return;
    const next = strongestBefore(graph, explain(graph, values, app.at.stage, app.at.pixel));
    const stage = next && app.stageOfStep[next.step];
    if (!stage || stage.name === "input") return;
    app.pin({ stage: stage.name, pixel: next.pixel }, [app.at, ...app.trail].slice(0, TRAIL));
  };
  app.pathFrom = at => strongestPath(graph, values, at.stage, at.pixel)
    .map((each, place) => ({ at: { stage: each.where, pixel: each.pixel }, value: each.value, gave: place ? each.contribution : null }));
  app.back = () => {
    if (app.trail.length) app.pin(app.trail[0], app.trail.slice(1));
  };
  app.move = (down, right) => {
    if (!app.at) return;
    const { shape, isVector, isAnswer } = app.stage(app.at.stage), [map, row, column] = app.at.pixel;
    const within = (value, whole) => Math.max(0, Math.min(whole - 1, value));
    const pixel = isVector || isAnswer ? [within(map + down + right, shape[0]), 0, 0] : [map, within(row + down, shape[1]), within(column + right, shape[2])];
    app.pin({ stage: app.at.stage, pixel });
  };
  // The kernel's next place: along the row, then the next row.
  app.walk = by => {
    if (!app.at) return;
    const { shape } = app.stage(app.at.stage), [map, row, column] = app.at.pixel, count = shape[1] * shape[2];
    const place = (row * shape[2] + column + by + count) % count;
    const isSingle = count === 1, next = isSingle ? [(map + by + shape[0]) % shape[0], 0, 0] : [map, Math.floor(place / shape[2]), place % shape[2]];
    app.pin({ stage: app.at.stage, pixel: next });
  };
  app.changeMap = by => {
    if (!app.at) return;
    const { shape } = app.stage(app.at.stage), [map, ...place] = app.at.pixel;
    app.pin({ stage: app.at.stage, pixel: [(map + by + shape[0]) % shape[0], ...place] });
  };
  app.changeStage = by => {
    const place = app.at ? stages.findIndex(stage => stage.name === app.at.stage) : 0;
    const stage = stages[Math.max(0, Math.min(stages.length - 1, place + by))];
    app.pin({ stage: stage.name, pixel: stage.isAnswer ? [indexOfLargest(app.shares), 0, 0] : liveliestPixel(stage) });
  };
  app.nextScale = () => {
    const scales = ["stage", "map", "network"];
    app.scale = scales[(scales.indexOf(app.scale) + 1) % scales.length];
    app.strip.update();
    app.remark();
    save();
  };
  app.turnTo = tab => {
    app.tab = tab;
    render();
    save();
  };
  app.project = isOn => {
    app.projector = isOn;
    document.documentElement.classList.toggle("projector", isOn);
    app.remark();
    save();
  };

  // A number worth explaining: large but not at its limit, with parts of both signs, from the
  // liveliest patch. The numbers nearest to 0.83 of the largest are looked at.
  function liveliestPixel(stage) {
    const own = app.valuesOf(stage), end = endOf(own) || 1, far = place => Math.abs(Math.abs(own[place]) / end - 0.83);
    const candidates = Array.from(own, (_, place) => place).sort((a, b) => far(a) - far(b)).slice(0, CANDIDATES);
    const found = candidates.map(place => {
      const pixel = pixelOf(stage.shape, place), [part] = explain(graph, values, stage.name, pixel).parts;
      return { pixel, isMixed: hasBothSigns(part.patches || []), spread: spreadOf(part.patches || []) };
    });
    return found.reduce((best, each) => (each.isMixed - best.isMixed || each.spread - best.spread) > 0 ? each : best).pixel;
  }

  // The stage to begin with: where channels add up, or else another convolution, or another map.
  function firstStage() {
    const kernelOf = stage => stage.steps.filter(step => step.op === "conv2d").map(step => tensorOf(graph, step, "weight").shape)[0];
    const convolutions = stages.filter(kernelOf);
    return convolutions.find(stage => kernelOf(stage)[1] > 1 && kernelOf(stage)[2] > 1) || convolutions[0]
      || stages.find(stage => !stage.isAnswer && !stage.isVector) || stages[0];
  }

  function save() {
    writeAddress({ tab: app.tab, picture: app.picture, at: app.at || undefined, scale: app.scale, projector: app.projector });
  }

  app.strip = makeStrip(app);
  const panels = { see: makeDrawer(app), draw: makeDraw(app), why: makeWhy(app), kernels: makeKernels(app), mistakes: makeMistakes(app), training: makeTraining(app) };
  const bar = el("nav", { "aria-label": "Parts of this page" }, ...tabs().map(tab => button(NAMES[tab], () => app.turnTo(tab), { "data-tab": tab })));
  const proof = el("p", { class: "proof", role: "status" }), note = el("p", { class: "note", role: "status" });
  const help = helpText();
  const card = el("section", { class: "card drawer", "aria-label": "Explanation" });
  // On a phone the sum lies far below the maps: this line at the bottom says the number, and goes there.
  const here = button("", () => card.scrollIntoView(), { class: "here" });
  const main = el("main", {}, app.strip.node, here, card);
  app.node = el("div", {},
    el("header", { class: "masthead" }, el("h1", { class: "brand", text: "cnnlab" }), live ? live.menu : el("p", { class: "run", text: runText(data.run) }), bar,
      button("Projector", () => app.project(!app.projector), { class: "quiet-button" }), button("?", () => help.showModal(), { "aria-label": "Keys" })),
    note, main, el("footer", {}, proof), voice.region, help);

  function render() {
    bar.querySelectorAll("button").forEach(each => (each.dataset.tab === app.tab ? each.setAttribute("aria-current", "page") : each.removeAttribute("aria-current")));
    panels.see.stop();
    panels.kernels.stop();
    main.className = `tab-${app.tab}`;
    app.strip.node.hidden = app.tab === "mistakes" || app.tab === "training";
    card.replaceChildren(panels[app.tab].node);
    if (app.tab !== "see") panels[app.tab].show();
    app.remark();
  }

  // Compare what this page computed with what PyTorch computed.
  function prove() {
    let largest = 0, same = true;
    data.check.logits.forEach((expected, place) => {
      const own = logits[place];
      expected.forEach((each, index) => { largest = Math.max(largest, Math.abs(each - own[index])); });
      same = same && indexOfLargest(own) === indexOfLargest(expected);
    });
    const scale = Math.max(1, ...data.check.logits.flat().map(Math.abs)), agrees = same && largest <= TOLERANCE * scale;
    const half = data.half ? ` Its weights are in half precision: ${data.changed} of ${number(data.run.validation)} validation answers differ from the whole weights'.` : "";
    proof.classList.toggle("disagrees", !agrees);
    proof.textContent = agrees
      ? `\u2713 This page computes the network itself: same answers as PyTorch ${data.check.torch} on ${data.check.logits.length} pictures, largest difference ${largest.toPrecision(1)}.${half}`
      : `This browser computes other answers than PyTorch ${data.check.torch} (largest difference ${largest.toPrecision(2)}). Do not trust these numbers: try another browser.`;
  }

  function helpText() {
    const keys = [["arrow keys", "the next pixel"], ["[ and ]", "the map before, the next map"], ["Page up, Page down", "the stage before, the next stage"],
      ["Enter", "to the largest contribution"], ["Backspace", "back"], ["space", "let the kernel walk, or stop it"], [". and ,", "one step on, one step back"],
      ["n and b", "the next picture, the one before"], ["d", "draw"], ["p", "projector"], ["1 to 6", "the parts of this page"], ["?", "these keys"]];
    const dialog = el("dialog", { class: "help", "aria-label": "Keys" }, el("h2", { text: "Keys" }),
      el("dl", {}, ...keys.flatMap(([key, text]) => [el("dt", { text: key }), el("dd", { text })])), button("Close", () => dialog.close()));
    return dialog;
  }

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const isButton = event.target.tagName === "BUTTON" || event.target.tagName === "SUMMARY", sheet = event.target.dataset && event.target.dataset.sheet;
    const keys = {
      ArrowUp: () => app.move(-1, 0), ArrowDown: () => app.move(1, 0), ArrowLeft: () => app.move(0, -1), ArrowRight: () => app.move(0, 1),
      "[": () => app.changeMap(-1), "]": () => app.changeMap(1), PageUp: () => app.changeStage(-1), PageDown: () => app.changeStage(1),
      Enter: isButton ? null : () => app.follow(), Backspace: () => app.back(), " ": isButton ? null : () => panels.see.film(),
      ".": () => app.walk(1), ",": () => app.walk(-1), n: () => app.choose(app.picture + 1), b: () => app.choose(app.picture - 1),
      d: () => app.turnTo("draw"), p: () => app.project(!app.projector), "?": () => help.showModal(),
    };
    tabs().forEach((tab, place) => { keys[String(place + 1)] = () => app.turnTo(tab); });
    const action = Object.prototype.hasOwnProperty.call(keys, event.key) && keys[event.key];
    if (!action || sheet) return;
    event.preventDefault();
    if (event.key !== " ") panels.see.stop();
    action();
  });
  window.addEventListener("resize", () => app.remark());

  function start() {
    const { state, wrong } = readState(location.hash || document.documentElement.dataset.state || "", limits);
    if (wrong.length) note.textContent = `A part of the address was not understood (${wrong.join(", ")}): the page shows its own beginning instead.`;
    if (state.scale) app.scale = state.scale;
    app.picture = state.picture || 0;
    app.levels = pictures[app.picture].levels;
    app.label = pictures[app.picture].label;
    recompute();
    app.strip.update();
    const first = firstStage();
    app.at = state.at || { stage: first.name, pixel: liveliestPixel(first) };
    app.tab = state.tab || "see";
    if (state.projector) app.project(true);
    render();
    prove();
  }
  return { app, start };
}

function hasBothSigns(patches) {
  const parts = patches.length > 1 ? patches.map(each => each.subtotal) : patches.flatMap(each => each.products.flat());
  return parts.some(each => Number(each) > 0) && parts.some(each => Number(each) < 0);
}

// How much the numbers under the kernel differ, map by map.
function spreadOf(patches) {
  return patches.reduce((sum, { numbers }) => {
    const own = numbers.flat().map(Number), mean = own.reduce((a, b) => a + b, 0) / own.length;
    return sum + own.reduce((all, each) => all + (each - mean) ** 2, 0);
  }, 0);
}

function indexOfLargest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

// Open the page of a run; `live` is what only a server can do, null in a file.
export function openPage(data, live) {
  const { app, start } = makeApp(data, live), place = document.getElementById("app"), still = document.getElementById("still");
  place.replaceChildren(app.node);
  place.hidden = false;
  if (still) still.remove();
  start();
}
