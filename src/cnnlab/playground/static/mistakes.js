// The mistakes: how often each class is taken for each other one, and the images behind a cell.

import { el } from "./dom.js";
import { cssOf, greyOf, isDark, paint } from "./paint.js";

const WRONG = [176, 34, 79];

export function makeMistakes(app) {
  const matrix = app.data.matrix, classes = app.classes;
  const images = el("div", { class: "images" }), about = el("p", { class: "about" });
  const table = el("table", { class: "matrix" });
  const node = el("div", { class: "mistakes" },
    el("div", {}, el("h2", { text: "What was taken for what" }),
      el("p", { class: "quiet", text: `${app.data.run.validation.toLocaleString("en")} validation images. Rows: what it is. Columns: what the network says. Choose a cell.` }), table),
    el("div", {}, about, images));
  const wrong = matrix.map((row, true_) => row.filter((_, answer) => answer !== true_)).flat(), most = Math.max(1, ...wrong);

  table.append(el("thead", {}, el("tr", {}, el("td"), ...classes.map(name => el("th", { scope: "col" }, el("span", { text: name }))))));
  table.append(el("tbody", {}, ...matrix.map((row, true_) => el("tr", {}, el("th", { scope: "row", text: classes[true_] }), ...row.map((count, answer) => {
    const isRight = true_ === answer, share = isRight ? 0 : (count / most) ** 0.7;
    const rgb = WRONG.map(each => Math.round(255 + (each - 255) * share));
    const cell = el("button", {
      type: "button", text: String(count), class: isRight ? "right" : count ? "" : "none",
      "aria-label": `${classes[true_]}, taken for ${classes[answer]}: ${count}`,
      style: isRight ? {} : { background: cssOf(rgb), color: isDark(rgb) ? "#fff" : "#000" },
      onclick: () => open(true_, answer, cell),
    });
    return el("td", {}, cell);
  })))));

  function open(true_, answer, cell) {
    node.querySelectorAll(".matrix .on").forEach(each => each.classList.remove("on"));
    if (cell) cell.classList.add("on");
    const own = app.pictures.map((picture, place) => ({ ...picture, place })).filter(each => each.label === true_ && app.answers[each.place] === answer);
    const count = matrix[true_][answer], verb = true_ === answer ? "\u2713 recognised" : `\u2717 taken for ${classes[answer]}`;
    about.replaceChildren(el("b", { text: `${classes[true_]}, ${verb}: ${count.toLocaleString("en")}` }),
      el("span", { class: "quiet", text: own.length === 0 ? " None of them is in this page." : own.length < count ? ` ${own.length} of them ${own.length === 1 ? "is" : "are"} in this page.` : "" }));
    images.replaceChildren(...own.map(each => el("button", {
      type: "button", class: true_ === answer ? "" : "wrong", "aria-label": `Picture ${each.place + 1}: look inside`,
      onclick: () => { app.choose(each.place); app.open("see"); },
    }, paint(el("canvas"), app.inputOf(each.levels), 32, greyOf), el("span", { text: `${true_ === answer ? "\u2713" : "\u2717"} ${classes[answer]}` }))));
  }

  let isOpen = false;
  return {
    node,
    show() {
      if (isOpen) return;
      isOpen = true;
      let worst = [0, 1];
      matrix.forEach((row, true_) => row.forEach((count, answer) => { if (true_ !== answer && count > matrix[worst[0]][worst[1]]) worst = [true_, answer]; }));
      open(...worst, table.querySelectorAll("tbody tr")[worst[0]].querySelectorAll("button")[worst[1]]);
    },
  };
}
