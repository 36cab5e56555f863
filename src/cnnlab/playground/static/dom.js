// Make elements. Text is set as text only: a name from a run or a data set is never read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node[name] = value;
    else if (name === "style") Object.entries(value).forEach(([key, each]) => node.style.setProperty(key, each));
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...(children || []).filter(each => each !== null && each !== undefined));
  return node;
}

export function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// A paragraph in the quiet colour.
export function quiet(text) {
  return el("p", { class: "quiet", text });
}

// The row and the column of a node's cells that a pointer is over.
export function cellUnder(event, node, rows, columns) {
  const box = node.getBoundingClientRect(), within = (share, whole) => Math.max(0, Math.min(whole - 1, Math.floor(share * whole)));
  return [within((event.clientY - box.top) / box.height, rows), within((event.clientX - box.left) / box.width, columns)];
}

export function button(text, onclick, attributes) {
  return el("button", { type: "button", text, onclick, ...attributes });
}

// A number as a person reads it: a true minus sign, and a plus where signs are compared.
export function minus(text) {
  return text.replace("-", "\u2212");
}

export function signed(text) {
  return text.startsWith("-") ? minus(text) : "+" + text;
}

export function fixed(value, digits) {
  const text = value.toFixed(digits);
  return minus(Number(text) === 0 ? text.replace("-", "") : text);
}

export function percentage(share) {
  return (100 * share).toFixed(1) + "\u00a0%";
}

// What is said aloud to a person who listens: the newest sentence only, when the hand rests.
export function speaker() {
  const region = el("p", { class: "spoken", "aria-live": "polite" });
  let timer = 0;
  const speak = text => {
    clearTimeout(timer);
    timer = setTimeout(() => { region.textContent = text; }, 400);
  };
  return { region, speak };
}
