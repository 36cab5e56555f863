// The drawer: how one number came about, from what was read to what came out, added up as printed.

import { functionOf } from "./forward.js";
import { button, el, fixed, minus, quiet, signed, svg } from "./dom.js";
import { cssOf, endOf, greyOf, isDark, rgbOf } from "./paint.js";
import { functionName, functionSentence, placeText } from "./words.js";

const MOST_OPEN = 6;   // patches that are drawn
const MOST_ROWS = 8;   // single products that are written

// Printed numbers are added in units of their last decimal, so that no rounding creeps in.
function addPrinted(texts) {
  const decimals = Math.max(0, ...texts.map(text => (text.split(".")[1] || "").length));
  const units = texts.reduce((sum, text) => sum + Math.round(Number(text) * 10 ** decimals), 0);
  return (units / 10 ** decimals).toFixed(decimals);
}

export function makeDrawer(app) {
  const title = el("h2"), hint = el("p", { class: "hint" });
  const sum = el("div", { class: "sum" }), trail = el("p", { class: "trail" }), big = el("div", { class: "big" });
  const film = makeFilm(app);
  const node = el("div", {}, el("div", { class: "head" }, title, hint, trail, film.node,
    button("to the largest part", () => app.follow(), { class: "link", title: "Go to the number that gave most (Enter)" })), big, sum);

  function show(at, explanation) {
    if (!at) return;
    const stage = app.stage(at.stage), first = explanation.parts[0], value = explanation.value;
    title.replaceChildren(placeText(stage, at.pixel), el("em", { text: " is " }), minus(explanation.printed), swatch(value, app.endOf(stage)));
    hint.textContent = hintOf(first);
    sum.className = "sum";
    sum.replaceChildren();
    if (first.kind === "sum" && first.normalised) sum.append(normalBlock(first));
    else if (first.kind === "sum") drawSum(first, explanation.parts.length - 1);
    else if (first.kind === "largest") drawLargest(first);
    else sum.append(plainBlock(first));
    explanation.parts.slice(1).forEach(part => sum.append(afterBlock(part)));
    drawBig(stage, at);
    drawTrail();
  }

  function hintOf(part) {
    if (part.kind === "largest") return "Only the largest number of the window goes on.";
    if (part.kind !== "sum") return "";
    const count = part.patches.reduce((all, each) => all + each.numbers.reduce((row, cells) => row + cells.filter(cell => cell !== null).length, 0), 0);
    return `${count} product${count === 1 ? "" : "s"}${part.bias === null ? "" : " and a bias"}`;
  }

  function read(patch, row, column) {
    const number = patch.numbers[row][column];
    if (number === null) {
      hint.textContent = "outside the map: 0";
      return;
    }
    hint.textContent = `${fixed(number, 3)} \u00d7 ${fixed(patch.kernel[row][column], 3)} = ${signed(patch.products[row][column])}`;
  }

  function drawSum(part, follows) {
    const ordered = part.patches.map((patch, place) => [Math.abs(Number(patch.subtotal)), place])
      .sort((a, b) => b[0] - a[0] || a[1] - b[1]).map(each => each[1]);
    const isSingle = part.patches.every(patch => patch.numbers.length * patch.numbers[0].length === 1);
    const most = isSingle ? MOST_ROWS : MOST_OPEN - Math.max(0, follows - 1) * 3;
    const open = (part.patches.length <= most ? part.patches.map((_, place) => place) : ordered.slice(0, most).sort((a, b) => a - b)).map(place => part.patches[place]);
    const rest = part.patches.filter(patch => !open.includes(patch)).map(patch => patch.subtotal);
    const others = rest.length ? { count: rest.length, total: addPrinted(rest) } : null;
    if (isSingle) sum.append(singleBlock(open, others));
    else if (part.patches.length === 1) sum.append(...oneBlock(open[0]));
    else sum.append(...manyBlocks(open, others));
    const terms = open.map(patch => [nameOf(patch), patch.subtotal]);
    if (others) terms.push([`${others.count} others`, others.total]);
    if (part.bias !== null) terms.push(["bias", part.bias]);
    if (terms.length > 1) sum.append(fallBlock(terms, part));
  }

  function nameOf(patch) {
    const from = app.stageOfStep[patch.step];
    if (!from || from.name === "input") return "picture";
    return from.isVector ? `number ${patch.map + 1}` : `map ${patch.map + 1}`;
  }

  function sourceEnd(patch) {
    const from = app.stageOfStep[patch.step];
    return from ? app.endOf(from) : endOf(patch.numbers.flat().map(each => each || 0));
  }

  function manyBlocks(patches, others) {
    const kernelEnd = endOf(patches.flatMap(patch => patch.kernel.flat())), seeEnd = sourceEnd(patches[0]);
    const products = patches.map(patch => patch.products.map(row => row.map(Number)));
    const productEnd = endOf(products.flat(2));
    const captions = el("div", { class: "captions" }, el("span"),
      caption("What it sees", seeEnd), caption("\u00d7 kernel", kernelEnd), caption("= products", productEnd), el("b", { text: "added up" }));
    const columns = patches.map((patch, place) => el("div", { class: "column" },
      el("span", { text: nameOf(patch) }),
      grid(patch.numbers, each => rgbOf(each, seeEnd), (row, column) => read(patch, row, column)),
      grid(patch.kernel, each => rgbOf(each, kernelEnd), (row, column) => read(patch, row, column)),
      grid(products[place], each => rgbOf(each, productEnd), (row, column) => read(patch, row, column)),
      el("b", { class: "number", text: signed(patch.subtotal) })));
    if (others) columns.push(el("div", { class: "column rest" }, el("span", { text: `${others.count} others` }), el("span", { class: "gap", text: "together" }), el("b", { class: "number", text: signed(others.total) })));
    return [el("p", { class: "phone quiet", text: "what it sees \u00d7 kernel = products, added up" }), captions, el("div", { class: "columns" }, ...columns)];
  }

  function oneBlock(patch) {
    const from = app.stageOfStep[patch.step], see = from && from.name === "input" ? greyOf : each => rgbOf(each, sourceEnd(patch));
    const products = patch.products.map(row => row.map(Number)), kernelEnd = endOf(patch.kernel.flat()), productEnd = endOf(products.flat());
    const on = (row, column) => read(patch, row, column), texts = numbers => numbers.map(row => row.map(each => (each === null ? "0" : short(each.toFixed(2)))));
    const large = (name, sign, numbers, colour, text) => el("div", { class: "large" }, el("p", { class: "caption" }, el("b", { text: sign + name })), grid(numbers, colour, on, text));
    return [
      large("What it sees", "", patch.numbers, see, texts(patch.numbers)),
      large("kernel", "\u00d7 ", patch.kernel, each => rgbOf(each, kernelEnd), texts(patch.kernel)),
      large(`products, sum ${signed(patch.subtotal)}`, "= ", products, each => rgbOf(each, productEnd), patch.products.map(row => row.map(short))),
    ];
  }

  function singleBlock(patches, others) {
    const rows = patches.map(patch => el("tr", {},
      el("th", { scope: "row", text: nameOf(patch) }), el("td", { text: fixed(patch.numbers[0][0], 3) }),
      el("td", { text: `\u00d7 ${fixed(patch.kernel[0][0], 3)}` }), el("td", { text: `= ${signed(patch.products[0][0])}` })));
    if (others) rows.push(el("tr", {}, el("th", { scope: "row", text: `${others.count} others` }), el("td", { text: "together" }), el("td"), el("td", { text: `= ${signed(others.total)}` })));
    return el("table", { class: "products" }, el("tbody", {}, ...rows));
  }

  function drawLargest(part) {
    const patch = part.patch, end = sourceEnd(patch), from = app.stageOfStep[patch.step];
    const winner = [Math.round((part.winner[1] - patch.row) / patch.gaps[0]), Math.round((part.winner[2] - patch.column) / patch.gaps[1])];
    const texts = patch.numbers.map(row => row.map(each => (each === null ? "\u2013" : short(each.toFixed(2)))));
    const count = patch.numbers.flat().filter(each => each !== null).length;
    sum.append(
      el("div", { class: "large" }, el("p", { class: "caption" }, el("b", { text: "The window" })),
        grid(patch.numbers, each => rgbOf(each, end), () => {}, texts, winner)),
      el("div", { class: "say" }, el("p", { text: `The largest of ${count} is ${minus(part.printed)}. The other ${count - 1} are forgotten.` }),
        quiet(from ? `It is in ${placeText(from, part.winner)}.` : "")));
  }

  function normalBlock(part) {
    const { mean, deviation, gain, shift } = part.normalised, patch = part.patches[0];
    const scale = gain / deviation, moved = shift - mean * scale;
    return el("div", { class: "say then" },
      el("b", { text: "Normalisation" }),
      el("p", { text: `(${fixed(patch.numbers[0][0], 3)} \u2212 mean ${fixed(mean, 3)}) \u00f7 deviation ${fixed(deviation, 3)} \u00d7 gain ${fixed(gain, 3)} + shift ${fixed(shift, 3)}` }),
      quiet(`That is \u00d7 ${fixed(scale, 3)}, then ${signed(moved.toFixed(3))}.`),
      el("b", { class: "number", text: `= ${minus(part.printed)}` }));
  }

  function plainBlock(part) {
    if (part.kind === "function") return functionBlock(part);
    if (part.kind === "combined") {
      const signs = { multiply: " \u00d7 ", divide: " \u00f7 ", maximum: " or ", minimum: " or " };
      return el("div", { class: "say" }, el("b", { text: part.operation.replace(/_/g, " ") }),
        el("p", { text: `${part.sources.map(each => minus(each.printed)).join(signs[part.operation] || ", ")} = ${minus(part.printed)}` }));
    }
    if (part.kind === "share") {
      return el("div", { class: "say" }, el("b", { text: "Softmax" }),
        el("p", { text: `${part.addends[part.place]} of ${part.total} together: ${minus(part.printed)}` }));
    }
    const from = part.source && app.stageOfStep[part.source.step];
    return el("div", { class: "say" }, el("p", { text: part.source === null ? "A number that is always the same." : `It is the number of ${from ? placeText(from, part.source.pixel) : part.source.step}.` }));
  }

  function afterBlock(part) {
    if (part.kind === "function") return functionBlock(part);
    return part.normalised ? normalBlock(part) : plainBlock(part);
  }

  function functionBlock(part) {
    const name = functionName(part.function), x = part.source.value, end = Math.max(3, Math.ceil(Math.abs(x)));
    const curve = functionOf(app.graph.byName.get(part.step), part.settings.slope), points = Array.from({ length: 81 }, (_, i) => -end + i * end / 40).map(each => [each, curve(each)]);
    const top = Math.max(1, ...points.map(each => Math.abs(each[1]))), px = each => 50 + 46 * each / end, py = each => 50 - 44 * each / top;
    return el("div", { class: "then plot" },
      el("b", { text: name }), quiet(functionSentence(part.function, x)),
      svg("svg", { viewBox: "0 0 100 100", role: "img", "aria-label": `${name} of ${minus(part.source.printed)} is ${minus(part.printed)}` },
        svg("path", { class: "axis", d: "M2 50H98M50 2V98" }),
        svg("polyline", { class: "curve", points: points.map(([a, b]) => `${px(a)},${py(b)}`).join(" ") }),
        svg("path", { class: "drop", d: `M${px(x)} 50V${py(part.value)}H50` }),
        svg("circle", { cx: px(x), cy: py(part.value), r: 3.2 })),
      el("p", { class: "number" }, `${minus(part.source.printed)} \u2192 ${minus(part.printed)}`));
  }

  function fallBlock(terms, part) {
    const sums = [0];
    terms.forEach(([, text]) => sums.push(sums[sums.length - 1] + Number(text)));
    const low = Math.min(...sums), span = Math.max(...sums) - low || 1, share = value => 100 * (value - low) / span;
    const bar = (from, to, kind) => el("span", { class: "track" },
      el("i", { class: "zero", style: { left: `${share(0)}%` } }),
      el("i", { class: kind, style: { left: `${share(Math.min(from, to))}%`, width: `${Math.max(0.6, Math.abs(share(to) - share(from)))}%` } }));
    const rows = terms.map(([name, text], place) => el("li", {}, el("span", { text: name }), bar(sums[place], sums[place + 1], text.startsWith("-") ? "low" : "high"), el("span", { class: "number", text: signed(text) })));
    rows.push(el("li", { class: "total" }, el("span", { text: "total" }), bar(0, Number(part.printed), "ink"), el("span", { class: "number", text: minus(part.printed) })));
    return el("ol", { class: "fall" }, ...rows);
  }

  // On a phone the chosen map fills the width; four arrows move by one pixel: a finger covers six.
  function drawBig(stage, at) {
    big.replaceChildren();
    if (stage.isVector || stage.isAnswer) return;
    const copy = app.strip.copyOf(stage, at.pixel);
    const move = (down, right) => button({ "-10": "\u2191", "10": "\u2193", "0-1": "\u2190", "01": "\u2192" }[`${down}${right}`], () => app.move(down, right), {
      "aria-label": `One pixel ${{ "-10": "up", "10": "down", "0-1": "left", "01": "right" }[`${down}${right}`]}`,
    });
    big.append(...[copy].filter(Boolean), el("div", { class: "pad" }, move(0, -1), move(-1, 0), move(1, 0), move(0, 1)));
  }

  function drawTrail() {
    hint.hidden = app.trail.length > 0;
    const names = app.trail.map(each => placeText(app.stage(each.stage), each.pixel));
    trail.replaceChildren(...(names.length ? [button("\u2190 back", () => app.back(), { class: "link" }), ` to ${names.join(" \u2190 ")}`] : []));
    trail.hidden = !names.length;
  }

  return { node, show, stop: film.stop, film: film.toggle };
}

function short(text) {
  return minus(text.replace(/^(-?)0\./, "$1."));
}

function swatch(value, end) {
  return el("i", { class: "swatch", style: { background: cssOf(rgbOf(value, end)) } });
}

function caption(name, end) {
  return el("p", { class: "caption" }, el("b", { text: name }), el("span", { class: "legend" }, `\u2212${end.toFixed(2)}`, el("i", { class: "ramp" }), `+${end.toFixed(2)}`));
}

// A block of numbers as cells; pointing at one reads it out. Cells of padding are hatched.
export function grid(numbers, colour, on, texts, ring) {
  const node = el("div", { class: "grid", style: { "--across": numbers[0].length, "--down": numbers.length } });
  numbers.forEach((row, r) => row.forEach((number, c) => {
    const rgb = number === null ? null : colour(number);
    const cell = el("i", {
      class: `${number === null ? "padding" : ""}${ring && ring[0] === r && ring[1] === c ? " ring" : ""}`,
      style: rgb ? { background: cssOf(rgb), color: isDark(rgb) ? "#fff" : "#000" } : {},
      onpointermove: () => on(r, c),
    }, texts ? texts[r][c] : "");
    node.append(cell);
  }));
  return node;
}

// The kernel walks along its row, by itself or step by step; any other action stops it.
function makeFilm(app) {
  let timer = 0, speed = 2;
  const play = button("Play", () => (timer ? stop() : start()), { "aria-pressed": "false" });
  const slider = el("input", { type: "range", min: "0.5", max: "8", step: "0.5", value: "2", "aria-label": "Steps a second", title: "Steps a second", oninput: event => { speed = Number(event.target.value); if (timer) start(); } });
  function start() {
    clearInterval(timer);
    timer = setInterval(() => app.walk(1), 1000 / speed);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }
  const node = el("span", { class: "film" }, button("\u2039", () => { stop(); app.walk(-1); }, { "aria-label": "One step back" }), play,
    button("\u203a", () => { stop(); app.walk(1); }, { "aria-label": "One step on" }), slider);
  return { node, stop, toggle: () => (timer ? stop() : start()) };
}
