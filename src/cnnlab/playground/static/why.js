// Why this answer: cover a part of the picture, and see how the answer falls; and the strongest path.

import { inSlices, occlude } from "./explain.js";
import { softmax } from "./forward.js";
import { button, cellUnder, el, fixed, minus, percentage, quiet, signed } from "./dom.js";
import { endOf, greyOf, paint, rgbOf } from "./paint.js";
import { orderOf, placeText } from "./words.js";

export function makeWhy(app) {
  const title = el("h2"), sentence = el("p"), readout = el("p", { class: "quiet" }), path = el("ol", { class: "path" });
  const under = el("canvas"), over = el("canvas", { class: "heat" });
  const map = el("div", { class: "map large-picture" }, under, over);
  const legend = quiet("Orange: covered here, the answer gets weaker. Blue: it gets stronger. One grey square moved over the picture, and one pass of the network for each place.");
  const other = button("Show the slope instead", () => (legend.hidden ? show() : slope()));
  const node = el("div", { class: "why" },
    map, el("div", {}, title, sentence, readout, app.live ? other : null, legend),
    el("div", {}, el("h2", { text: "The strongest path" }), quiet("Each number below gave most to the one above it."), path));
  let asked = 0, stop = () => {}, kept = null;

  function show() {
    stop();
    const run = ++asked, order = orderOf(app.shares), answer = order[0];
    paint(under, app.input, 32, greyOf);
    over.width = 0;
    legend.hidden = false;
    other.textContent = "Show the slope instead";
    if (app.isBlank) {
      title.textContent = "Nothing is drawn yet";
      [sentence, readout, path].forEach(each => each.replaceChildren());
      return;
    }
    title.textContent = `Why \u201c${app.classes[answer]}\u201d?`;
    sentence.textContent = "Covering one place after another \u2026";
    drawPath(answer, order[1]);
    stop = inSlices(occlude(app.graph, app.input, { classIndex: answer }), (found, isDone) => { if (isDone && run === asked) tell(found, answer); });
  }

  function tell(found, answer) {
    const { falls, rows, columns, size, stride } = found, end = endOf(falls) || 1, name = app.classes[answer];
    paint(over, Array.from(falls, each => -each), columns, each => rgbOf(each, end));
    // A place stands for the middle of its square: the map of places is a little smaller than the picture.
    const edge = (size - stride) / 2 / 32;
    Object.assign(over.style, { left: `${100 * edge}%`, top: `${100 * edge}%`, width: `${100 * columns * stride / 32}%`, height: `${100 * rows * stride / 32}%` });
    const worst = falls.indexOf(Math.max(...falls));
    sentence.textContent = falls[worst] <= 0 ? `No covered place makes \u201c${name}\u201d weaker.`
      : `Cover the most orange place, and \u201c${name}\u201d falls from ${percentage(app.shares[answer])} to ${percentage(shareWithout(found, worst, answer))}.`;
    map.onpointermove = event => {
      const [row, column] = cellUnder(event, over, rows, columns);
      readout.textContent = `Covered here: ${percentage(shareWithout(found, row * columns + column, answer))}.`;
    };
  }

  // What a tiny change of each pixel would do, here: the gradient, computed by PyTorch on the server.
  async function slope() {
    stop();
    asked += 1;
    const answer = orderOf(app.shares)[0];
    try {
      const { slopes } = await app.live.slopeOf(Uint8Array.from(app.levels), answer), end = endOf(slopes) || 1;
      paint(over, slopes, 32, each => rgbOf(each, end));
      Object.assign(over.style, { left: "0", top: "0", width: "100%", height: "100%" });
      map.onpointermove = null;
      legend.hidden = true;
      other.textContent = "Cover a part instead";
      sentence.textContent = `The slope: where a pixel is blue, a little more light makes \u201c${app.classes[answer]}\u201d stronger; where it is orange, weaker.`;
      readout.textContent = "It tells what a tiny change would do at this picture, and no more.";
    } catch (error) {
      readout.textContent = error.message;
    }
  }

  // The answer's share when one place is covered in mid-grey.
  function shareWithout({ columns, size, stride }, place, answer) {
    const covered = Float32Array.from(app.input), top = Math.floor(place / columns) * stride, left = (place % columns) * stride;
    for (let row = top; row < top + size; row++) covered.fill(0, row * 32 + left, row * 32 + left + size);
    kept = app.computeApart(covered, kept);
    return softmax(kept.get(app.graph.answer))[answer];
  }

  function drawPath(answer, second) {
    const stage = app.stages.find(each => each.isAnswer), logits = app.valuesOf(stage);
    const steps = app.pathFrom({ stage: stage.name, pixel: [answer, 0, 0] });
    path.replaceChildren(...steps.map(each => el("li", {}, linkTo(each.at, stage, answer),
      el("span", { class: "quiet", text: each.gave === null ? ` ${fixed(each.value, 2)}` : ` ${fixed(each.value, 2)}, gave ${signed(each.gave.toFixed(2))}` }))));
    readout.textContent = `The next class, \u201c${app.classes[second]}\u201d, would need ${minus((logits[answer] - logits[second]).toFixed(2))} more.`;
  }

  function linkTo(at, answerStage, answer) {
    const stage = app.stage(at.stage);
    if (!stage || at.stage === "input") return el("span", { text: `Picture, row ${at.pixel[1] + 1}, column ${at.pixel[2] + 1}` });
    return button(stage === answerStage ? app.classes[answer] : placeText(stage, at.pixel), () => { app.pin(at); app.turnTo("see"); }, { class: "link" });
  }

  return { node, show, follow: show };
}
