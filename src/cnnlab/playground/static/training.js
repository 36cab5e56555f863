// How it was trained: the curves, and where everything comes from.

import { el, percentage, svg } from "./dom.js";
import { number } from "./words.js";

// Lines over the epochs. Text is HTML beside the drawing, so that it keeps its size everywhere.
function chart(title, records, lines, format) {
  const values = lines.flatMap(line => records.map(record => record[line.key])).filter(Number.isFinite);
  const low = Math.min(...values), high = Math.max(...values), span = high - low || 1;
  const x = place => (records.length === 1 ? 50 : 100 * place / (records.length - 1)), y = value => 96 - 92 * (value - low) / span;
  const drawing = svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    ...lines.map(line => svg("polyline", { class: line.kind, points: records.map((record, place) => `${x(place)},${y(record[line.key])}`).join(" ") })));
  const ends = lines.map(line => [line, records[records.length - 1][line.key]]).sort((a, b) => y(a[1]) - y(b[1]));
  let above = -20;
  const labels = ends.map(([line, value]) => {
    above = Math.max(y(value), above + 13);  // so that two labels do not lie on each other
    return el("span", { class: `end ${line.kind}`, style: { top: `${above}%` }, text: `${line.name} ${format(value)}` });
  });
  return el("figure", { class: "chart" }, el("figcaption", { text: title }),
    el("div", { class: "plot-area" }, el("span", { class: "tick top", text: format(high) }), el("span", { class: "tick bottom", text: format(low) }), drawing, ...labels),
    el("p", { class: "quiet epochs" }, el("span", { text: "epoch 1" }), el("span", { text: records.length > 1 ? `epoch ${records.length}` : "" })),
    valuesTable(records, lines, format));
}

function valuesTable(records, lines, format) {
  return el("details", {}, el("summary", { text: "As a table" }), el("table", { class: "values" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "epoch" }), ...lines.map(line => el("th", { scope: "col", text: line.name })))),
    el("tbody", {}, ...records.map((record, place) => el("tr", {}, el("th", { scope: "row", text: String(place + 1) }), ...lines.map(line => el("td", { text: format(record[line.key]) })))))));
}

export function makeTraining(app) {
  const run = app.data.run;
  const lines = quantity => [
    { key: `train_${quantity}`, name: "training", kind: "dashed" },
    { key: `validation_${quantity}`, name: "validation", kind: "solid" },
  ];
  const facts = [
    ["Network", `${run.network}, ${number(run.parameters)} parameters`],
    ["Images", `${run.data_set}: ${number(run.train)} for training, ${number(run.validation)} for validation, ${number(run.test)} for the test`],
    ["Training", `recipe ${run.recipe}, ${run.epochs} epoch${run.epochs === 1 ? "" : "s"}, seed ${run.seed}${run.status === "finished" ? "" : `, ${run.status}`}`],
    ["Test", run.test_accuracy === null ? "The test images were not used." : `${percentage(run.test_accuracy)} of the test images are correct. They were used ${run.test_openings === 1 ? "once" : `${run.test_openings} times`}.`],
    ["One run", "Another seed gives other numbers. Many runs tell more: cnnlab compare."],
    ["Images from", `${run.source}, licence ${run.licence}`],
    ["Made with", `cnnlab ${run.cnnlab}, PyTorch ${run.torch}`],
    ["Make your own", "", "cnnlab workshop", ", then ", "cnnlab export RUN --page"],
  ];
  const node = el("div", { class: "training" },
    chart("Accuracy", app.data.history, lines("accuracy"), percentage),
    chart("Loss", app.data.history, lines("loss"), value => value.toFixed(3)),
    el("div", { class: "facts" }, el("h2", { text: "Where it comes from" }), el("dl", {}, ...facts.flatMap(([name, ...texts]) => [el("dt", { text: name }), el("dd", {}, ...texts.map((text, place) => (place % 2 ? el("code", { text }) : text)))]))));
  return { node, show() {} };
}
