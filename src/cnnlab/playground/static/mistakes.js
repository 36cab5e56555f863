// The mistakes: how often each class is taken for each other one, and the images behind a cell.

import { button, el, quiet } from "./dom.js";
import { cssOf, greyOf, isDark, paint } from "./paint.js";
import { number } from "./words.js";

const WRONG = [176, 34, 79];
const FEW = 8;  // images that are shown large

export function makeMistakes(app) {
  const matrix = app.data.matrix, classes = app.classes;
  let asked = 0;
  const images = el("div", { class: "images" }), about = el("p", { class: "about" });
  const table = el("table", { class: "matrix" });
  const node = el("div", { class: "mistakes" },
    el("div", {}, el("h2", { text: "What was taken for what" }),
      quiet(`${number(app.data.run.validation)} validation images. Rows: what it is. Columns: what the network says. Choose a cell.`), table),
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

  async function open(true_, answer, cell) {
    const run = ++asked, count = matrix[true_][answer], isRight = true_ === answer;
    node.querySelectorAll(".matrix .on").forEach(each => each.classList.remove("on"));
    cell.classList.add("on");
    const own = app.pictures.filter(each => each.label === true_ && app.answers[each.place] === answer);
    const say = text => about.replaceChildren(el("b", { text: `${classes[true_]}, ${isRight ? "\u2713 recognised" : `\u2717 taken for ${classes[answer]}`}: ${number(count)}` }), el("span", { class: "quiet", text }));
    const small = picture => el("button", { type: "button", class: isRight ? "" : "wrong", "aria-label": `${app.nameOf(picture)}: look inside`, onclick: () => app.open(picture) },
      paint(el("canvas"), app.inputOf(picture.levels), 32, greyOf), el("span", { text: `${isRight ? "\u2713" : "\u2717"} ${classes[answer]}` }));
    const show = pictures => {
      images.classList.toggle("many", pictures.length > FEW);
      images.replaceChildren(...pictures.map(small));
    };
    say(count === 0 ? " There is none." : ` ${own.length} of these ${number(count)} images ${own.length === 1 ? "is" : "are"} in this ${app.live ? "page" : "file"}.`);
    show(own);
    if (!app.live || !app.live.own || !count) return;
    const all = [];
    async function more() {
      try {
        const sent = await app.live.imagesOf(true_, answer, all.length);
        if (run !== asked) return;
        all.push(...sent.images.map(each => ({ ...each, levels: Uint8Array.from(each.levels) })));
        say(all.length < sent.count ? ` The ${all.length} surest of ${number(sent.count)}.` : " The surest first.");
        show(all);
        if (all.length < sent.count) images.append(button("More", more));
      } catch (error) {
        if (run === asked) say(` ${error.message}`);
      }
    }
    await more();
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
