// Draw, or change a stored picture: the answer follows the hand.

import { addNoise, drawnArticle, drawnDigit, moveBy, rasterise, SHEET, turn } from "./digit.js";
import { button, el, quiet } from "./dom.js";
import { greyOf, paint } from "./paint.js";
import { number } from "./words.js";

const CHANGED = "a changed picture";
const GRID = 14;  // places of the pen for those who draw by keys

export function makeDraw(app) {
  const strokes = [], undone = [];
  const isDigits = app.data.run.is_digits;
  let pen = null, cursor = [GRID / 2, GRID / 2], isDown = false, waiting = false, base = null;
  const canvas = el("canvas", { "aria-hidden": "true" });
  const sheet = el("div", {
    class: "sheet", tabindex: "0", role: "application", "data-sheet": "1",
    "aria-label": "Drawing sheet. Arrow keys move the pen, space puts it down or lifts it.",
  }, canvas);
  const dot = el("i", { class: "pen", hidden: true });
  sheet.append(dot);
  const seen = el("canvas"), seenMap = el("div", { class: "map seen" }, seen, el("i", { class: "middle across" }), el("i", { class: "middle down" }));
  const centred = el("input", { type: "checkbox", checked: true, onchange: () => redraw() });
  const sliders = {
    right: slider("right or left", -4, 4, 1), down: slider("down or up", -4, 4, 1),
    turn: slider("turn", -45, 45, 5), noise: slider("noise", 0, 100, 10),
  };
  const node = el("div", { class: "draw" },
    el("div", {}, el("div", { class: "title-row" }, el("h2", { text: isDigits ? "Draw a digit" : "Draw" }), button("Undo", undo), button("Redo", redo), button("Clear", clear)),
      sheet, isDigits ? null : quiet("This network has never seen a drawing.")),
    el("div", {}, el("h2", { text: "What the network sees" }), seenMap,
      el("label", { class: "check" }, centred, isDigits ? "bring a drawing to the middle, as in MNIST" : "make a drawing as large as the picture, as in Fashion-MNIST")),
    el("div", {}, el("h2", { text: "Change the picture" }), quiet("Move or disturb it, and watch the answer."),
      ...Object.values(sliders).map(each => each.node), app.live ? livePictures() : null, el("div", { class: "row" }, button("As it was", restore), button("Another picture", () => app.choose(app.picture + 1)))));

  function slider(name, least, most, step) {
    const input = el("input", { type: "range", min: least, max: most, step, value: "0", oninput: disturb });
    return { node: el("label", { class: "slider" }, el("span", { text: name }), input), get: () => Number(input.value), reset: () => { input.value = "0"; } };
  }

  // --- a stored picture, changed ---
  function disturb() {
    if (base === null) base = { levels: app.levels, label: app.label, text: app.changedBy };
    let levels = base.levels;
    if (sliders.turn.get()) levels = turn(levels, sliders.turn.get());
    levels = moveBy(levels, sliders.down.get(), sliders.right.get());
    if (sliders.noise.get()) levels = addNoise(levels, sliders.noise.get(), 1);
    app.show(levels, base.label, CHANGED, true);
  }
  function restore() {
    if (base) app.show(base.levels, base.label, base.text);
  }

  // --- what only a server has: a picture from disk or camera, any validation image ---
  function livePictures() {
    const said = el("p", { class: "quiet", role: "status" });
    const file = el("input", {
      type: "file", accept: "image/*", "aria-label": "A picture of your own",
      onchange: async event => {
        const [chosen] = event.target.files;
        if (!chosen) return;
        try {
          const { levels, notes } = await app.live.readPicture(chosen);
          app.show(Uint8Array.from(levels), null, chosen.name);
          said.textContent = notes.join(" ");
        } catch (error) {
          said.textContent = error.message;
        }
      },
    });
    const which = el("input", {
      type: "number", min: "1", max: app.data.run.validation, "aria-label": "Number of a validation image", placeholder: `1 to ${number(app.data.run.validation)}`,
      onchange: async event => {
        try {
          const picture = await app.live.imageAt(Number(event.target.value) - 1);
          app.show(Uint8Array.from(picture.levels), picture.label, app.nameOf(picture));
          said.textContent = "";
        } catch (error) {
          said.textContent = error.message;
        }
      },
    });
    return el("div", { class: "live" }, el("label", { class: "slider" }, el("span", { text: "a picture file" }), file), el("label", { class: "slider" }, el("span", { text: "validation image" }), which), said);
  }

  // --- a drawing ---
  function placeOf(event) {
    const box = sheet.getBoundingClientRect(), side = value => Math.max(0, Math.min(SHEET, value * SHEET));
    return [side((event.clientX - box.left) / box.width), side((event.clientY - box.top) / box.height)];
  }
  sheet.onpointerdown = event => {
    if (!event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    sheet.focus();
    sheet.setPointerCapture(event.pointerId);
    pen = [placeOf(event)];
    strokes.push(pen);
    undone.length = 0;
    soon();
  };
  sheet.onpointermove = event => {
    if (!pen || !event.isPrimary) return;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    (events.length ? events : [event]).forEach(each => pen.push(placeOf(each)));
    soon();
  };
  sheet.onpointerup = sheet.onpointercancel = event => {
    if (!pen || !event.isPrimary) return;
    pen = null;
    redraw();
  };
  sheet.onkeydown = event => {
    const moves = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const move = Object.prototype.hasOwnProperty.call(moves, event.key) && moves[event.key];
    const at = () => cursor.map(each => each * SHEET / GRID);
    if (event.key === " ") {
      isDown = !isDown;
      if (isDown) { strokes.push([at()]); undone.length = 0; }
    } else if (move) {
      cursor = cursor.map((each, axis) => Math.max(0, Math.min(GRID, each + move[axis])));
      if (isDown) strokes[strokes.length - 1].push(at());
    } else if (event.key === "u") undo();
    else return;
    event.preventDefault();
    dot.hidden = false;
    dot.style.left = `${100 * cursor[0] / GRID}%`;
    dot.style.top = `${100 * cursor[1] / GRID}%`;
    dot.classList.toggle("down", isDown);
    redraw();
  };
  sheet.onblur = () => { dot.hidden = true; isDown = false; };

  function undo() {
    if (strokes.length) undone.push(strokes.pop());
    isDown = false;
    redraw();
  }
  function redo() {
    if (undone.length) strokes.push(undone.pop());
    redraw();
  }
  function clear() {
    strokes.length = 0;
    undone.length = 0;
    redraw();
  }

  // One picture a frame, always the newest.
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; redraw(true); });
  }
  function redraw(isMoving = false) {
    const raster = rasterise(strokes);
    paint(canvas, raster, SHEET, ink => [255 - ink, 255 - ink, 255 - ink]);
    const drawn = (isDigits ? drawnDigit : drawnArticle)(raster, centred.checked);
    app.show(drawn || new Uint8Array(784), null, "your drawing", isMoving);
  }

  function follow() {
    if (app.changedBy !== CHANGED) {  // another picture: nothing is moved or disturbed yet
      base = null;
      Object.values(sliders).forEach(each => each.reset());
    }
    paint(seen, Float32Array.from(app.levels, level => level / 127.5 - 1), 28, greyOf);
    let mass = 0, down = 0, right = 0;
    app.levels.forEach((level, place) => { mass += level; down += level * Math.floor(place / 28); right += level * (place % 28); });
    const [across, along] = seenMap.querySelectorAll(".middle");
    across.hidden = along.hidden = mass === 0;
    across.style.top = `${100 * (down / mass + 0.5) / 28}%`;
    along.style.left = `${100 * (right / mass + 0.5) / 28}%`;
  }

  return {
    node,
    follow,
    show() {
      if (!canvas.width || canvas.width !== SHEET) paint(canvas, new Uint8Array(SHEET * SHEET), SHEET, () => [255, 255, 255]);
      follow();
    },
  };
}
