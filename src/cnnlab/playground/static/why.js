// Why this answer: cover a part of the picture, and see how the answer falls; and the strongest path.

import { occlusion } from "./explain.js";
import { button, el, fixed, minus, percentage, signed } from "./dom.js";
import { endOf, greyOf, paint, rgbOf } from "./paint.js";
import { orderOf, placeText } from "./words.js";

export function makeWhy(app) {
  const title = el("h2"), sentence = el("p"), readout = el("p", { class: "quiet" }), path = el("ol", { class: "path" });
  const under = el("canvas"), over = el("canvas", { class: "heat" });
  const map = el("div", { class: "map large-picture" }, under, over);
  const node = el("div", { class: "why" },
    map, el("div", {}, title, sentence, readout, el("p", { class: "quiet", text: "Orange: covered here, the answer gets weaker. Blue: it gets stronger. One grey square moved over the picture, and one pass of the network for each place." })),
    el("div", {}, el("h2", { text: "The strongest path" }), el("p", { class: "quiet", text: "Each number below gave most to the one above it." }), path));
  let asked = 0;

  function show() {
    const run = ++asked, order = orderOf(app.shares), answer = order[0];
    paint(under, app.input, 32, greyOf);
    over.width = 0;
    if (app.isBlank) {
      title.textContent = "Nothing is drawn yet";
      [sentence, readout, path].forEach(each => each.replaceChildren());
      return;
    }
    title.textContent = `Why \u201c${app.classes[answer]}\u201d?`;
    sentence.textContent = "Covering one place after another \u2026";
    drawPath(answer, order[1]);
    const work = occlusion(app.graph, Float32Array.from(app.input), answer), before = app.shares[answer];
    function slice() {
      if (run !== asked) return;
      const until = Date.now() + 12;
      let step = work.next();
      while (!step.done && Date.now() < until) step = work.next();
      if (step.done) tell(step.value, answer, before);
      else setTimeout(slice, 0);
    }
    slice();
  }

  function tell(found, answer, before) {
    const { falls, shares, side } = found, end = endOf(falls) || 1;
    paint(over, falls.map(each => -each), side, each => rgbOf(each, end));
    let worst = 0;
    falls.forEach((each, place) => { if (each > falls[worst]) worst = place; });
    const name = app.classes[answer];
    sentence.textContent = falls[worst] <= 0 ? `No covered place makes \u201c${name}\u201d weaker.`
      : `Cover the most orange place, and \u201c${name}\u201d falls from ${percentage(before)} to ${percentage(shares[worst])}.`;
    map.onpointermove = event => {
      const box = map.getBoundingClientRect(), within = value => Math.max(0, Math.min(side - 1, Math.floor(value * side)));
      const place = within((event.clientY - box.top) / box.height) * side + within((event.clientX - box.left) / box.width);
      readout.textContent = `Covered here: ${percentage(shares[place])}.`;
    };
  }

  function drawPath(answer, second) {
    const stage = app.stages.find(each => each.isAnswer), logits = app.valuesOf(stage);
    const steps = app.pathFrom({ stage: stage.name, pixel: [answer, 0, 0] });
    path.replaceChildren(...steps.map(each => el("li", {}, button(each.at.stage === stage.name ? app.classes[answer] : placeText(app.stage(each.at.stage), each.at.pixel), () => { app.pin(each.at); app.open("see"); }, { class: "link" }),
      el("span", { class: "quiet", text: each.gave === null ? ` ${fixed(each.value, 2)}` : ` ${fixed(each.value, 2)}, gave ${signed(each.gave.toFixed(2))}` }))));
    readout.textContent = `The next class, \u201c${app.classes[second]}\u201d, would need ${minus((logits[answer] - logits[second]).toFixed(2))} more.`;
  }

  return { node, show, follow: show };
}
