// The words of the page: what a stage, a step and a number are called.

import { fixed, minus, percentage } from "./dom.js";

const TITLES = {
  conv: "Convolution", pool: "Pooling", linear: "Linear", add: "Addition", multiply: "Product",
  concatenate: "Together", copy: "Copy", norm: "Normalisation", batch_norm: "Normalisation",
  standardise: "Normalisation", softmax: "Softmax", activation: "Activation", input: "Picture",
};

export function stageTitle(name) {
  const found = /^([a-z_]+?\d*[a-z_]*?)(\d+)?$/.exec(name) || [];
  const title = TITLES[found[1]] || (found[1] || name).replace(/_/g, " ");
  return `${title[0].toUpperCase()}${title.slice(1)}${found[2] ? " " + found[2] : ""}`;
}

export function sizeText([maps, rows, columns]) {
  if (rows * columns === 1) return String(maps);
  return `${maps} map${maps === 1 ? "" : "s"}, ${rows}\u00d7${columns}`;
}

// Where a number is: "Convolution 2, map 7, row 4, column 6".
export function placeText(stage, [map, row, column]) {
  if (stage.isAnswer) return `${stage.title}, class ${map + 1}`;
  if (stage.isVector) return `${stage.title}, number ${map + 1}`;
  return `${stage.title}, map ${map + 1}, row ${row + 1}, column ${column + 1}`;
}

const FUNCTIONS = {
  relu: ["ReLU", "ReLU keeps what is above 0, and makes 0 of the rest."],
  tanh: ["tanh", "tanh keeps every number between \u22121\u00a0and\u00a01."],
  sigmoid: ["sigmoid", "The sigmoid puts every number between 0 and 1."],
  gelu: ["GELU", "GELU keeps large numbers, and lets small negative ones through a little."],
  silu: ["SiLU", "SiLU multiplies a number by its own sigmoid."],
  leaky_relu: ["leaky ReLU", "Leaky ReLU lets a small part of a negative number through."],
  clamp: ["limit", "What is too small or too large is cut to the limit."],
};

export function functionName(name) {
  return FUNCTIONS[name] ? FUNCTIONS[name][0] : name.replace(/_/g, " ");
}

export function functionSentence(name, x) {
  if (name === "tanh" && Math.abs(x) > 3) return `Almost ${x < 0 ? "\u22121" : "1"}: tanh cannot go ${x < 0 ? "lower" : "higher"}.`;
  return FUNCTIONS[name] ? FUNCTIONS[name][1] : "";
}

// One sentence about how a number came about, for those who listen.
export function spokenText(stage, pixel, explanation) {
  const first = explanation.parts[0];
  const said = [`${placeText(stage, pixel)}: ${minus(explanation.printed)}.`];
  if (first.kind === "sum") {
    const terms = first.patches.map(each => each.subtotal), shown = terms.slice(0, 3).map(minus).join(", ");
    const more = terms.length > 3 ? ` and ${terms.length - 3} more` : "";
    said.push(`Added up: ${shown}${more}${first.bias === null ? "" : `, and the bias ${minus(first.bias)}`}.`);
  } else if (first.kind === "largest") {
    said.push("The largest of its window.");
  }
  for (const part of explanation.parts.slice(1)) {
    if (part.kind === "function") said.push(`${functionName(part.function)} of ${minus(part.source.printed)}.`);
  }
  return said.join(" ");
}

export function answerText(classes, shares) {
  const order = orderOf(shares);
  return `${classes[order[0]]}, ${percentage(shares[order[0]])}`;
}

export function orderOf(shares) {
  return Array.from(shares, (_, place) => place).sort((a, b) => shares[b] - shares[a]);
}

export function runText(run) {
  return `${run.network} \u00b7 ${run.data_set} \u00b7 seed ${run.seed} \u00b7 ${run.epochs} epoch${run.epochs === 1 ? "" : "s"}`;
}

export function rangeText(values) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return `from ${fixed(low, 2)} to ${fixed(high, 2)}`;
}

export function number(count) {
  return count.toLocaleString("en");
}
