// The strip: the picture, the maps of every stage, the answer; and frames that show what reads what.

import { button, cellUnder, el, minus, percentage, svg } from "./dom.js";
import { endOf, greyOf, liveliest, paint, rgbOf } from "./paint.js";
import { answerText, orderOf, rangeText, sizeText } from "./words.js";

const MOST_MAPS = 16;
const HEIGHT = 264;  // of the maps of a stage, in sixteenths of a rem

// Columns of a stage's maps, and the side of one map in sixteenths of a rem: whole cells, if it fits.
function layoutOf([, rows, columns], shown) {
  const side = Math.max(rows, columns), across = shown <= 3 ? 1 : shown <= 8 ? 2 : 4;
  const down = Math.ceil(shown / across), room = Math.floor((HEIGHT - 6 * (down - 1)) / down);
  const cell = side >= 24 ? 3 : side >= 12 ? 4 : side >= 5 ? 6 : 10;
  return { across, size: Math.max(12, Math.min(room, cell * side)) };
}

function frame(map, [rows, columns], box, kind) {
  const top = Math.max(0, box.row), left = Math.max(0, box.column);
  const high = Math.min(rows, box.row + box.rows) - top, wide = Math.min(columns, box.column + box.columns) - left;
  if (high <= 0 || wide <= 0) return null;
  const part = (value, whole) => `${100 * value / whole}%`;
  const node = el("i", {
    class: `frame ${kind}`,
    style: { left: part(left, columns), top: part(top, rows), width: part(wide, columns), height: part(high, rows) },
  });
  map.append(node);
  return node;
}

export function makeStrip(app) {
  const wires = svg("svg", { class: "wires", "aria-hidden": "true" });
  const node = el("section", { class: "card strip", "aria-label": "The network" }, wires);
  const views = {};  // stage name -> what is drawn of it
  const picture = pictureColumn(app);
  node.append(picture.node);
  const stages = el("div", { class: "stages", tabindex: "0", "aria-label": "Stages, from left to right" });
  app.stages.filter(stage => !stage.isAnswer).forEach(stage => {
    views[stage.name] = stageColumn(app, stage);
    stages.append(views[stage.name].node);
  });
  const answer = answerColumn(app);
  node.append(stages, answer.node);

  function update() {
    picture.update();
    Object.values(views).forEach(view => view.update());
    answer.update();
  }

  function mapOf(stageName, map) {
    return stageName === "input" ? picture.map : views[stageName] && views[stageName].maps[map];
  }

  // Show where a number is, what it reads, and all of the picture that can reach it.
  function mark(at, explanation, field) {
    node.querySelectorAll(".frame").forEach(each => each.remove());
    node.querySelectorAll(".on").forEach(each => each.classList.remove("on"));
    wires.replaceChildren();
    if (!at) return;
    const stage = app.stage(at.stage), own = mapOf(at.stage, at.pixel[0]);
    let pin = null;
    if (stage.isAnswer) {
      pin = answer.rows[at.pixel[0]];
      pin.classList.add("on");
    } else if (stage.isVector) {
      const view = views[stage.name], place = at.pixel[0];
      pin = frame(view.maps.whole, [Math.ceil(stage.shape[0] / view.across), view.across],
        { row: Math.floor(place / view.across), column: place % view.across, rows: 1, columns: 1 }, "pin");
    } else if (own) {
      own.classList.add("on");
      pin = frame(own, stage.shape.slice(1), { row: at.pixel[1], column: at.pixel[2], rows: 1, columns: 1 }, "pin");
    }
    const frames = [];
    for (const patch of explanation ? patchesOf(explanation.parts[0]) : []) {
      const from = app.stageOfStep[patch.step], map = from && mapOf(from.name, patch.map);
      if (!map || from.isVector) continue;
      const rows = (patch.numbers.length - 1) * patch.gaps[0] + 1, columns = (patch.numbers[0].length - 1) * patch.gaps[1] + 1;
      frames.push(frame(map, from.shape.slice(1), { row: patch.row, column: patch.column, rows, columns }, "reads"));
    }
    if (field) frame(picture.map, [32, 32], field, "reach");
    drawWires(frames.filter(Boolean), pin);
  }

  function drawWires(frames, pin) {
    if (!pin || frames.length > 24) return;
    const base = node.getBoundingClientRect(), end = pin.getBoundingClientRect();
    const x = end.left - base.left, y = end.top + end.height / 2 - base.top;
    for (const each of frames) {
      const box = each.getBoundingClientRect(), right = box.right - base.left;
      wires.append(svg("path", { d: `M${right} ${box.top - base.top}L${x} ${y}L${right} ${box.bottom - base.top}` }));
    }
  }

  // A large copy of a map with the pixel marked; the same moves and taps work on it.
  function copyOf(stage, pixel) {
    const values = app.valuesOf(stage), [, rows, columns] = stage.shape, size = rows * columns, end = app.endOf(stage);
    const canvas = paint(el("canvas"), values.subarray(pixel[0] * size, (pixel[0] + 1) * size), columns, each => rgbOf(each, end));
    const box = el("div", {
      class: "map",
      onclick: event => app.pin({ stage: stage.name, pixel: [pixel[0], ...cellUnder(event, box, rows, columns)] }),
    }, canvas);
    frame(box, [rows, columns], { row: pixel[1], column: pixel[2], rows: 1, columns: 1 }, "pin");
    return box;
  }

  return { node, update, mark, copyOf, legend: picture.legend, cover: picture.cover };
}

function patchesOf(part) {
  return part.patches || (part.patch ? [part.patch] : []);
}

function pictureColumn(app) {
  const canvas = el("canvas"), map = el("div", { class: "map picture", role: "img" }, canvas);
  const scale = button("", () => app.nextScale(), { class: "link" });
  const ends = el("span", { class: "legend" });
  const source = el("p", { class: "source" });
  const cover = el("canvas", { class: "cover", hidden: true });
  map.append(cover);
  const choose = el("div", { class: "row" },
    button("\u2190", () => app.choose(app.picture - 1), { "aria-label": "The picture before" }),
    button("\u2192", () => app.choose(app.picture + 1), { "aria-label": "The next picture" }),
    source);
  const node = el("section", { class: "stage s-picture" },
    el("h3", { text: "Picture" }), el("p", { text: "32 \u00d7 32 numbers" }),
    el("div", { class: "body" }, map, choose, el("p", { class: "scale" }, ends, scale)));
  const words = { stage: "scale: per stage", map: "scale: per map", network: "scale: one for all" };
  return {
    node, map, cover,
    update() {
      paint(canvas, app.input, 32, greyOf);
      map.setAttribute("aria-label", `The picture: ${app.sourceText()}`);
      source.textContent = app.sourceText();
      scale.textContent = words[app.scale];
      scale.setAttribute("aria-label", `Colours, ${words[app.scale]}. Change it`);
    },
    legend(end) {
      ends.replaceChildren(...(end === null ? [] : [minus(`-${end.toFixed(2)}`), el("i", { class: "ramp" }), `+${end.toFixed(2)}`]));
    },
  };
}

function stageColumn(app, stage) {
  const caption = el("p"), body = el("div", { class: "body" }), maps = [];
  const node = el("section", { class: `stage${stage.isVector ? " s-vector" : ""}` }, el("h3", { text: stage.title }), caption, body);
  const view = { node, maps, across: 1, update };
  let drawn = "", all = false;

  function pixelAt(map, event) {
    const [count, rows, columns] = stage.shape;
    if (!stage.isVector) return [map, ...cellUnder(event, event.currentTarget, rows, columns)];
    const [row, column] = cellUnder(event, event.currentTarget, Math.ceil(count / view.across), view.across);
    return [Math.min(count - 1, row * view.across + column), 0, 0];
  }

  function makeMap(map) {
    const box = el("div", {
      class: "map",
      role: "img",
      onpointermove: event => app.preview({ stage: stage.name, pixel: pixelAt(map, event) }),
      onpointerleave: () => app.preview(null),
      onclick: event => app.pin({ stage: stage.name, pixel: pixelAt(map, event) }),
    }, el("canvas"));
    body.append(box);
    return box;
  }

  function arrange(shown) {
    body.replaceChildren();
    maps.length = 0;
    if (stage.isVector) {
      const count = stage.shape[0];
      const isPhone = window.matchMedia("(max-width: 65rem)").matches;
      view.across = isPhone ? Math.ceil(count / 4) : count <= 24 ? 1 : count <= 128 ? 2 : count <= 512 ? 4 : 8;
      maps.whole = makeMap(0);
      const down = Math.ceil(count / view.across);
      body.style.setProperty("--wide", `${Math.min(3, view.across * 0.75)}rem`);
      body.style.setProperty("--high", `${Math.min(16.5, down * 0.5)}rem`);
    } else {
      const { across, size } = layoutOf(stage.shape, shown.length);
      body.style.setProperty("--columns", across);
      body.style.setProperty("--map", `${size / 16}rem`);
      shown.forEach(map => { maps[map] = makeMap(map); });
    }
  }

  function update() {
    const values = app.valuesOf(stage), [count, rows, columns] = stage.shape;
    const size = rows * columns, most = all ? count : MOST_MAPS;
    const shown = stage.isVector ? [0] : app.isMoving && maps.length ? maps.map((_, map) => map).filter(map => maps[map]) : liveliest(values, count, size, most);
    if (drawn !== shown.join()) {
      arrange(shown);
      drawn = shown.join();
    }
    const end = app.endOf(stage);
    caption.replaceChildren(stage.isVector || count <= MOST_MAPS ? sizeText(stage.shape)
      : button(all ? `the ${MOST_MAPS} that vary most` : `${MOST_MAPS} of ${count}, that vary most: all`, () => { all = !all; update(); app.remark(); }, { class: "link" }));
    if (stage.isVector) {
      paint(maps.whole.firstChild, values, view.across, each => rgbOf(each, end));
      maps.whole.setAttribute("aria-label", `${stage.title}, ${count} numbers, ${rangeText(values)}`);
      return;
    }
    for (const map of shown) {
      const own = values.subarray(map * size, (map + 1) * size), most = app.scale === "map" ? endOf(own) : end;
      paint(maps[map].firstChild, own, columns, each => rgbOf(each, most));
      if (!app.isMoving) maps[map].setAttribute("aria-label", `${stage.title}, map ${map + 1} of ${count}, ${rows} by ${columns}, ${rangeText(own)}`);
    }
  }
  return view;
}

const MOST_ROWS = 12; // classes that fit beside the maps; more are ranked, and the list scrolls

function answerColumn(app) {
  const title = el("h3"), verdict = el("p"), list = el("ol"), answer = app.stages.find(stage => stage.isAnswer), isLong = app.classes.length > MOST_ROWS;
  const rows = app.classes.map((name, place) => {
    const at = { stage: answer.name, pixel: [place, 0, 0] };
    const row = el("li", {
      onpointermove: () => app.preview(at), onpointerleave: () => app.preview(null), onclick: () => app.pin(at),
    }, el("span", { text: name }), el("span", { class: "bar" }, el("i")), el("b"));
    list.append(row);
    return row;
  });
  return {
    node: el("section", { class: `stage s-answer${isLong ? " many" : ""}`, "aria-label": "The answer" }, title, verdict, el("div", isLong ? { class: "body", tabindex: 0 } : { class: "body" }, list)),
    rows,
    update() {
      const order = orderOf(app.shares);
      title.textContent = app.isBlank ? "No answer" : `Answer: ${app.classes[order[0]]}`;
      verdict.className = "";
      if (app.isBlank) verdict.textContent = "nothing is drawn yet";
      else if (app.label === null) verdict.textContent = "what it is, only you know";
      else if (app.label === order[0]) verdict.textContent = "\u2713 correct";
      else {
        verdict.textContent = `\u2717 wrong: ${app.classes[app.label]}`;
        verdict.className = "wrong";
      }
      rows.forEach((row, place) => {
        const share = app.isBlank ? 0 : app.shares[place];
        row.classList.toggle("top", !app.isBlank && place === order[0]);
        row.classList.toggle("late", order.indexOf(place) > 2);
        row.style.setProperty("--rank", order.indexOf(place));
        row.querySelector("i").style.width = `${100 * share}%`;
        row.querySelector("b").textContent = app.isBlank ? "" : percentage(share);
      });
      list.setAttribute("aria-label", app.isBlank ? "No answer" : answerText(app.classes, app.shares));
    },
  };
}
