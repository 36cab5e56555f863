import { COMBINE, compute, divisorOf, indexOf, inside, momentsOf } from "./forward.js";
import { product, tensorOf } from "./forward.js";

// How one number of a network came about: every product, subtotal, bias and function.
//
// The same plain values as cnnlab/insight/explanation.py describes. Every step is seen as maps:
// (C, H, W) as it is, a vector of n as n maps of one pixel, (a, b) as one map. A pixel is
// [map, row, column], from 0. Exact numbers are numbers; numbers as printed are texts.

// ---- Numbers as printed ----------------------------------------------------------------------
//
// The rule of cnnlab/insight/printed.py: the numbers of one sum have 3 decimals, or as many as give
// the largest of them 3 significant digits. All are rounded down, then those with the largest
// remainders are raised by one unit of the last decimal until they add up to the rounded total.

const FEWEST_DECIMALS = 3;
const MOST_DECIMALS = 9;

// Return how many decimals the numbers of one sum have.
export function decimalsOf(values) {
  const largest = values.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  let decimals = FEWEST_DECIMALS;
  if (largest === 0 || largest >= 0.1 || !Number.isFinite(largest)) return decimals;
  while (decimals < MOST_DECIMALS && largest * 10 ** decimals < 100) decimals++;
  return decimals;
}

// Return a number as a count of units of its last decimal, half upwards.
function inUnits(value, decimals) {
  return Math.floor(value * 10 ** decimals + 0.5);
}

// Return the addends in units of the last decimal, so that they add up to `units`.
export function addUp(addends, units, decimals) {
  const scaled = addends.map((each) => each * 10 ** decimals);
  const whole = scaled.map(Math.floor);
  const missing = units - whole.reduce((sum, each) => sum + each, 0);
  const order = scaled.map((_, place) => place);
  order.sort((a, b) => scaled[b] - whole[b] - (scaled[a] - whole[a]) || a - b);
  for (const place of order.slice(0, Math.max(missing, 0))) whole[place] += 1;
  const rest = units - whole.reduce((sum, each) => sum + each, 0);
  if (rest) {
    // Only numbers that are too large for their last decimal come here.
    const sizes = scaled.map(Math.abs);
    whole[sizes.indexOf(Math.max(...sizes))] += rest;
  }
  return whole;
}

// Return a count of units as a decimal number: -130 with 3 decimals is "-0.130".
function unitsAsText(units, decimals) {
  if (!Number.isFinite(units)) return notFinite(units);
  const digits = BigInt(Math.abs(units)).toString().padStart(decimals + 1, "0");
  return `${units < 0 ? "-" : ""}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

function notFinite(value) {
  if (Number.isNaN(value)) return "not a number";
  return value < 0 ? "-inf" : "inf";
}

// Return one number as printed; without `decimals`, by the rule for a sum of one number.
export function printedOf(value, decimals = decimalsOf([value])) {
  return unitsAsText(inUnits(value, decimals), decimals);
}

// ---- Maps and pixels -------------------------------------------------------------------------

// Return a shape seen as maps, [C, H, W].
export function asMaps(shape) {
  if (shape.length < 2) return [product(shape), 1, 1];
  return [product(shape.slice(0, -2)), ...shape.slice(-2)];
}

// Return which number of maps, in order, a pixel is.
export function flatOf(maps, [map, row, column]) {
  return (map * maps[1] + row) * maps[2] + column;
}

// Return the pixel that is number `flat` of maps, in order.
export function pixelOf(maps, flat) {
  const column = flat % maps[2];
  const line = (flat - column) / maps[2];
  return [Math.floor(line / maps[1]), line % maps[1], column];
}

// Return the last step of a stage, or the step of that name.
export function stepAt(graph, where) {
  const stage = graph.stages.find((each) => each.name === where);
  const step = stage ? stage.last : graph.byName.get(where);
  if (!step) {
    const names = graph.stages.map((each) => each.name).join(", ");
    throw new Error(`This network has no stage "${where}". Its stages are: ${names}.`);
  }
  return step;
}

function checkPixel(where, step, pixel) {
  const maps = asMaps(step.shape);
  const fits = (place, axis) => Number.isInteger(place) && place >= 0 && place < maps[axis];
  if (pixel.length !== 3 || !pixel.every(fits)) {
    throw new Error(
      `${where} has no pixel [${pixel}]: it has ${maps[0]} maps of ${maps[1]} x ${maps[2]}. ` +
        "Give [map, row, column], counted from 0.",
    );
  }
}

// Return whether a step only gives all its input's numbers another shape, as flatten does.
export function isInOrder(graph, step) {
  if (step.op !== "copy" || tensorOf(graph, step, "index")) return false;
  const { offset, strides } = step.settings;
  const inOrder = (stride, axis) =>
    step.shape[axis] === 1 || stride === product(step.shape.slice(axis + 1));
  const isWhole = graph.byName.get(step.inputs[0]).size === step.size;
  return isWhole && offset === 0 && strides.every(inOrder);
}

// Return the step whose numbers a step reads, behind those that only change the shape.
function sourceOf(graph, name) {
  let step = graph.byName.get(name);
  while (isInOrder(graph, step)) step = graph.byName.get(step.inputs[0]);
  return step;
}

// Return which number of a tensor of shape `from` meets number `flat` of shape `to`.
function meets(from, to, flat) {
  let found = 0;
  let rest = flat;
  let gap = 1;
  for (let k = from.length - 1, axis = to.length - 1; k >= 0; k--, axis--) {
    if (from[k] > 1) found += (rest % to[axis]) * gap;
    rest = Math.floor(rest / to[axis]);
    gap *= from[k];
  }
  return found;
}

function numberAt(tensor, shape, flat) {
  return tensor.data[meets(tensor.shape, shape, flat)];
}

// ---- One number explained --------------------------------------------------------------------

// Return how a pixel of a stage, such as "conv1", or of a single step came about.
//
// {stage, pixel, value, printed, parts}. The first part reads other stages, each next part the one
// before it: a convolution, its normalisation, its activation. `values` are those of `compute`.
export function explain(graph, values, where, pixel) {
  const last = stepAt(graph, where);
  checkPixel(where, last, pixel);
  const chain = [last];
  if (graph.stages.some((stage) => stage.name === where)) {
    for (let before; (before = samePixelBefore(graph, chain[0])); ) chain.unshift(before);
  }
  const flat = flatOf(asMaps(last.shape), pixel);
  const parts = [];
  for (const step of chain) {
    const given = parts.length ? parts[parts.length - 1].printed : null;
    const made = (EXPLAIN[step.op] || explainCombined)(graph, values, step, flat, given);
    parts.push({ step: step.name, call: step.call, ...made });
  }
  const { value, printed } = parts[parts.length - 1];
  return { stage: where, pixel, value, printed, parts };
}

// Return the step of the same stage whose same pixel a step changes, if there is one.
function samePixelBefore(graph, step) {
  const read = step.inputs.map((name) => graph.byName.get(name)).filter(isNoConstant);
  const [before] = read;
  if (read.length !== 1 || before.stage !== step.stage || before.op === "input") return null;
  const isReshape = isInOrder(graph, step);
  const isByPixel = ["activation", "batch_norm", "standardise"].includes(step.op);
  if (!isByPixel && !isReshape && step.inputs.length === 1) return null;
  // A constant of more axes makes more pixels of it.
  if (!isReshape && String(before.shape) !== String(step.shape)) return null;
  return onlyReshapes(graph, before) ? null : before;
}

function isNoConstant(step) {
  return step.op !== "constant";
}

// Return whether a step, and all before it in its stage, only change the shape.
function onlyReshapes(graph, step) {
  if (!isInOrder(graph, step)) return false;
  const before = graph.byName.get(step.inputs[0]);
  return before.stage !== step.stage || onlyReshapes(graph, before);
}

// Return number `flat` of a step, as a pixel of the step it came from.
function cellOf(graph, values, name, flat, printed) {
  const source = sourceOf(graph, name);
  const value = values.get(name)[flat];
  const pixel = pixelOf(asMaps(source.shape), flat);
  return { step: source.name, pixel, value, printed: printed || printedOf(value) };
}

// For each operation: how a step makes its number `flat`. `given` is what the part before printed.
const EXPLAIN = {
  input: explainGiven,
  constant: explainGiven,
  conv2d: explainConv2d,
  linear: explainLinear,
  pool: explainPool,
  batch_norm: explainBatchNorm,
  standardise: explainStandardise,
  activation: explainActivation,
  add: explainAdd,
  subtract: explainAdd,
  concatenate: explainConcatenate,
  copy: explainCopy,
  softmax: explainSoftmax,
};

function explainGiven(graph, values, step, flat) {
  const value = values.get(step.name)[flat];
  return { kind: "copied", value, printed: printedOf(value), source: null };
}

function explainConv2d(graph, values, step, flat) {
  const { stride, padding, dilation, groups } = step.settings;
  const { data, shape } = tensorOf(graph, step, "weight");
  const [outputs, depth, height, width] = shape;
  const [output, i, j] = pixelOf(step.shape, flat);
  const firstMap = Math.floor(output / (outputs / groups)) * depth;
  const source = graph.byName.get(step.inputs[0]);
  const windows = Array.from({ length: depth }, (_, k) => {
    const [row, column] = [i * stride[0] - padding[0], j * stride[1] - padding[2]];
    const kernel = rowsOf(data, (output * depth + k) * height * width, height, width);
    return [source, source.shape, { map: firstMap + k, row, column, gaps: dilation, kernel }];
  });
  return explainSum(values, windows, biasOf(graph, step, output));
}

// Return `height` rows of `width` numbers each, beginning at number `first`.
function rowsOf(data, first, height, width) {
  return Array.from({ length: height }, (_, i) =>
    Array.from(data.subarray(first + i * width, first + (i + 1) * width)),
  );
}

function biasOf(graph, step, output) {
  const bias = tensorOf(graph, step, "bias");
  return bias ? bias.data[output] : null;
}

function explainLinear(graph, values, step, flat) {
  const { data, shape } = tensorOf(graph, step, "weight");
  const output = flat % shape[0];
  const line = (flat - output) / shape[0];
  const first = output * shape[1];
  const bias = biasOf(graph, step, output);
  let source = graph.byName.get(step.inputs[0]);
  if (source.shape.length > 1) {
    // Only one row of the maps is read.
    const maps = asMaps(source.shape);
    const [map, row] = [Math.floor(line / maps[1]), line % maps[1]];
    const kernel = rowsOf(data, first, 1, shape[1]);
    const window = { map, row, column: 0, gaps: [1, 1], kernel };
    return explainSum(values, [[source, maps, window]], bias);
  }
  source = sourceOf(graph, source.name);
  const maps = asMaps(source.shape);
  const area = maps[1] * maps[2];
  const windows = Array.from({ length: maps[0] }, (_, map) => {
    const kernel = rowsOf(data, first + map * area, maps[1], maps[2]);
    return [source, maps, { map, row: 0, column: 0, gaps: [1, 1], kernel }];
  });
  return explainSum(values, windows, bias);
}

function explainPool(graph, values, step, flat) {
  const { maps, rows, columns, dilation } = step.settings;
  const [map, i, j] = pixelOf([maps[0], rows.length, columns.length], flat);
  let source = graph.byName.get(step.inputs[0]);
  const behind = sourceOf(graph, source.name);
  if (String(asMaps(behind.shape)) === String(maps)) source = behind;
  const counts = [rows[i], columns[j]].map(([start, stop], axis) =>
    Math.ceil((stop - start) / dilation[axis]),
  );
  const window = { map, row: rows[i][0], column: columns[j][0], gaps: dilation };
  const weight = 1 / divisorOf(step, rows[i], columns[j]);
  window.kernel = Array.from({ length: counts[0] }, () => Array(counts[1]).fill(weight));
  if (step.settings.function === "average") {
    return explainSum(values, [[source, maps, window]], null);
  }
  return explainLargest(values, source, maps, window);
}

function explainLargest(values, source, maps, window) {
  const numbers = numbersUnder(values, source, maps, window);
  let [value, winner] = [-Infinity, null];
  numbers.forEach((row, a) =>
    row.forEach((each, b) => {
      if (each !== null && (winner === null || each > value || Number.isNaN(each))) {
        const { row: top, column: left, gaps } = window;
        [value, winner] = [each, [window.map, top + a * gaps[0], left + b * gaps[1]]];
      }
    }),
  );
  const decimals = decimalsOf(numbers.flat().filter((each) => each !== null));
  const products = numbers.map((row) => row.map((each) => printedOf(each || 0, decimals)));
  const printed = printedOf(value, decimals);
  const patch = { step: source.name, ...window, kernel: [], numbers, products, subtotal: printed };
  return { kind: "largest", value, printed, patch, winner };
}

function explainBatchNorm(graph, values, step, flat) {
  const map = Math.floor(flat / (step.size / step.shape[0]));
  const [mean, variance, gain, shift] = ["mean", "variance", "weight", "bias"].map(
    (name) => tensorOf(graph, step, name).data[map],
  );
  const deviation = Math.sqrt(variance + step.settings.epsilon);
  return explainNormalised(graph, values, step, flat, { mean, deviation, gain, shift });
}

function explainStandardise(graph, values, step, flat) {
  const { block, epsilon } = step.settings;
  const first = flat - (flat % block);
  const { mean, deviation } = momentsOf(values.get(step.inputs[0]), first, block, epsilon);
  const [weight, bias] = ["weight", "bias"].map((name) => tensorOf(graph, step, name));
  const gain = weight ? numberAt(weight, step.shape, flat) : 1;
  const shift = bias ? numberAt(bias, step.shape, flat) : 0;
  return explainNormalised(graph, values, step, flat, { mean, deviation, gain, shift });
}

// (x - mean) / deviation * gain + shift is written as a * x + b.
function explainNormalised(graph, values, step, flat, normalised) {
  const { mean, deviation, gain, shift } = normalised;
  const factor = gain / deviation;
  const window = singleCell(graph, step.inputs[0], flat, factor);
  return { ...explainSum(values, [window], shift - mean * factor), normalised };
}

function singleCell(graph, name, flat, factor) {
  const source = sourceOf(graph, name);
  const maps = asMaps(source.shape);
  const [map, row, column] = pixelOf(maps, flat);
  return [source, maps, { map, row, column, gaps: [1, 1], kernel: [[factor]] }];
}

function explainAdd(graph, values, step, flat) {
  const windows = step.inputs.map((name, place) => {
    const sign = step.op === "subtract" && place === 1 ? -1 : 1;
    return singleCell(graph, name, meets(graph.byName.get(name).shape, step.shape, flat), sign);
  });
  return explainSum(values, windows, null);
}

function explainCombined(graph, values, step, flat, given) {
  const sources = step.inputs.map((name) => {
    const read = graph.byName.get(name);
    const printed = isNoConstant(read) ? given : null;
    return cellOf(graph, values, name, meets(read.shape, step.shape, flat), printed);
  });
  const value = COMBINE[step.op](sources[0].value, sources[1].value);
  return { kind: "combined", value, printed: printedOf(value), operation: step.op, sources };
}

function explainActivation(graph, values, step, flat, given) {
  const { function: name, ...settings } = step.settings;
  const weight = tensorOf(graph, step, "weight");
  if (weight) settings.slope = numberAt(weight, step.shape, flat);
  const value = values.get(step.name)[flat];
  const source = cellOf(graph, values, step.inputs[0], flat, given);
  const decimals = (source.printed.split(".")[1] || "").length || FEWEST_DECIMALS;
  const printed = value === source.value ? source.printed : printedOf(value, decimals);
  return { kind: "function", value, printed, function: name, source, settings };
}

function explainConcatenate(graph, values, step, flat) {
  let found = null;
  READ.concatenate(graph, step)(flat, (k, place) => { found = [step.inputs[k], place]; });
  return explainCopied(graph, values, ...found);
}

function explainCopy(graph, values, step, flat) {
  const index = indexOf(graph, step)[flat];
  if (index < 0) return explainGiven(graph, values, step, flat);
  return explainCopied(graph, values, step.inputs[0], index);
}

function explainCopied(graph, values, name, flat) {
  const source = cellOf(graph, values, name, flat);
  return { kind: "copied", value: source.value, printed: source.printed, source };
}

function explainSoftmax(graph, values, step, flat) {
  const { axis, log } = step.settings;
  const sources = [];
  READ.softmax(graph, step)(flat, (_, place) => sources.push(cellOf(graph, values, step.inputs[0], place)));
  const place = Math.floor(flat / product(step.shape.slice(axis + 1))) % step.shape[axis];
  const largest = Math.max(...sources.map((each) => each.value));
  const powers = sources.map((each) => Math.exp(each.value - largest));
  const total = powers.reduce((sum, each) => sum + each, 0);
  const units = inUnits(total, FEWEST_DECIMALS);
  const addends = addUp(powers, units, FEWEST_DECIMALS);
  const value = log ? sources[place].value - largest - Math.log(total) : powers[place] / total;
  return {
    kind: "share",
    value,
    printed: printedOf(value),
    sources,
    addends: addends.map((each) => unitsAsText(each, FEWEST_DECIMALS)),
    total: unitsAsText(units, FEWEST_DECIMALS),
    place,
    log,
  };
}

// Return the numbers of a map under a window, null where it lies outside.
function numbersUnder(values, source, maps, { map, row, column, gaps, kernel }) {
  const x = values.get(source.name);
  return kernel.map((weights, a) =>
    weights.map((_, b) => {
      const [i, j] = [row + a * gaps[0], column + b * gaps[1]];
      const isInside = i >= 0 && i < maps[1] && j >= 0 && j < maps[2];
      return isInside ? x[flatOf(maps, [map, i, j])] : null;
    }),
  );
}

// Return a sum of products, with all its numbers printed so that they add up.
//
// `read` has [source step, its maps, window] for each patch; `bias` is null if there is none.
function explainSum(values, read, bias) {
  const weighed = read.map(([source, maps, window]) => {
    const numbers = numbersUnder(values, source, maps, window);
    const products = numbers.map((row, a) =>
      row.map((each, b) => (each || 0) * window.kernel[a][b]),
    );
    return { source, window, numbers, products };
  });
  const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
  const addends = weighed.map((each) => sum(each.products.flat()));
  if (bias !== null) addends.push(bias);
  const value = sum(addends);
  const decimals = decimalsOf([...addends, value]);
  const isFinite = Number.isFinite(value); // else nothing adds up
  const printed = printedOf(value, decimals);
  const units = isFinite ? addUp(addends, inUnits(value, decimals), decimals) : [];
  const texts = isFinite
    ? units.map((each) => unitsAsText(each, decimals))
    : addends.map((each) => printedOf(each));
  const patches = weighed.map(({ source, window, numbers, products }, place) => ({
    step: source.name,
    ...window,
    numbers,
    products: isFinite
      ? productsAsTexts(products, units[place], decimals)
      : products.map((row) => row.map((each) => printedOf(each))),
    subtotal: texts[place],
  }));
  const last = bias === null ? null : texts[texts.length - 1];
  return { kind: "sum", value, printed, patches, bias: last, normalised: null };
}

function productsAsTexts(products, units, decimals) {
  const texts = addUp(products.flat(), units, decimals).map((each) => unitsAsText(each, decimals));
  return products.map((row, a) => texts.slice(a * row.length, (a + 1) * row.length));
}

// ---- What contributed most -------------------------------------------------------------------

// Return the pixels that a part was made of, [{step, pixel, value}], with what each adds to it.
export function contributionsOf(part) {
  const cell = ({ step, pixel }, value) => ({ step, pixel, value });
  switch (part.kind) {
    case "sum":
      return part.patches.flatMap((patch) =>
        patch.numbers.flatMap((line, a) =>
          line.flatMap((number, b) => {
            if (number === null) return [];
            const [row, column] = [patch.row + a * patch.gaps[0], patch.column + b * patch.gaps[1]];
            const value = number * patch.kernel[a][b];
            return [{ step: patch.step, pixel: [patch.map, row, column], value }];
          }),
        ),
      );
    case "largest":
      return [{ step: part.patch.step, pixel: part.winner, value: part.value }];
    case "function":
      return [cell(part.source, part.value)];
    case "combined":
      return part.sources.map((source) => cell(source, source.value));
    case "copied":
      return part.source ? [cell(part.source, part.value)] : [];
    default: // a share: the number of the same class
      return [cell(part.sources[part.place], part.value)];
  }
}

// Return the pixel that contributes most to a pixel, {step, stage, where, pixel, contribution}.
//
// `where` is what `explain` takes next. null at the image, at a constant and at padding.
export function strongestBefore(graph, explanation) {
  const best = contributionsOf(explanation.parts[0]).reduce(
    (most, each) => (!most || Math.abs(each.value) > Math.abs(most.value) ? each : most),
    null,
  );
  if (!best) return null;
  const { name, stage } = graph.byName.get(best.step);
  const isLast = graph.stages.some((each) => each.name === stage && each.last.name === name);
  const where = isLast ? stage : name;
  return { step: name, stage, where, pixel: best.pixel, contribution: best.value };
}

// Return the path from a pixel to the image, each link the largest contribution to the one before.
//
// [{stage, step, where, pixel, value, contribution}], the pixel itself first.
export function strongestPath(graph, values, where, pixel) {
  let found = explain(graph, values, where, pixel);
  const { name: step, stage } = stepAt(graph, where);
  const path = [{ stage, step, where, pixel, value: found.value, contribution: found.value }];
  for (let link; (link = strongestBefore(graph, found)); ) {
    found = explain(graph, values, link.where, link.pixel);
    path.push({ ...link, value: found.value });
  }
  return path;
}

// ---- Receptive fields ------------------------------------------------------------------------

// Return what can reach a pixel: of the image, and of each stage before, as frames.
//
// [{step, stage, maps, top, bottom, left, right}] in order. `maps` are those that are read; the
// frame's last row and column belong to it. It ends at the border of the maps.
export function reach(graph, where, pixel) {
  const last = stepAt(graph, where);
  checkPixel(where, last, pixel);
  const marks = new Map([[last.name, new Uint8Array(last.size)]]);
  marks.get(last.name)[flatOf(asMaps(last.shape), pixel)] = 1;
  for (let order = last.order; order >= 0; order--) {
    const step = graph.steps[order];
    const own = marks.get(step.name);
    if (!own) continue;
    const read = step.inputs.map((name) => {
      if (!marks.has(name)) marks.set(name, new Uint8Array(graph.byName.get(name).size));
      return marks.get(name);
    });
    if (step.op === "conv2d") {
      markConv2d(graph, step, own, read[0]);
      continue;
    }
    const readsOf = (READ[step.op] || READ.byNumber)(graph, step);
    own.forEach((mark, flat) => {
      if (mark) readsOf(flat, (k, place) => { read[k][place] = 1; });
    });
  }
  const ends = graph.stages.map((stage) => stage.last);
  return ends
    .filter((step) => step !== last && marks.has(step.name))
    .map((step) => frameOf(step, marks.get(step.name)))
    .filter((frame) => frame.maps.length); // padding reads nothing
}

function frameOf(step, marks) {
  const shape = asMaps(step.shape);
  const read = new Set();
  const frame = { top: shape[1], bottom: -1, left: shape[2], right: -1 };
  marks.forEach((mark, flat) => {
    if (!mark) return;
    const [map, row, column] = pixelOf(shape, flat);
    read.add(map);
    frame.top = Math.min(frame.top, row);
    frame.bottom = Math.max(frame.bottom, row);
    frame.left = Math.min(frame.left, column);
    frame.right = Math.max(frame.right, column);
  });
  return { step: step.name, stage: step.stage, maps: [...read], ...frame };
}

// For each operation but the convolution: a function that calls `on` with each number that number
// `flat` of the step reads: which input, and which of its numbers.
const READ = {
  byNumber(graph, step) {
    const shapes = step.inputs.map((name) => graph.byName.get(name).shape);
    return (flat, on) => shapes.forEach((shape, k) => on(k, meets(shape, step.shape, flat)));
  },
  linear(graph, step) {
    const [outputs, inputs] = tensorOf(graph, step, "weight").shape;
    return (flat, on) => blockFrom(Math.floor(flat / outputs) * inputs, inputs, 1, on);
  },
  pool(graph, step) {
    const { maps, rows, columns, dilation } = step.settings;
    return (flat, on) => {
      const [map, i, j] = pixelOf([maps[0], rows.length, columns.length], flat);
      for (const row of inside(rows[i], maps[1], dilation[0])) {
        for (const column of inside(columns[j], maps[2], dilation[1])) {
          on(0, flatOf(maps, [map, row, column]));
        }
      }
    };
  },
  standardise(graph, step) {
    const { block } = step.settings;
    return (flat, on) => blockFrom(flat - (flat % block), block, 1, on);
  },
  concatenate(graph, step) {
    const after = product(step.shape.slice(step.settings.axis + 1));
    const whole = step.shape[step.settings.axis] * after;
    const lengths = step.inputs.map((name) => graph.byName.get(name).shape[step.settings.axis] * after);
    return (flat, on) => {
      let k = 0;
      let place = flat % whole;
      while (place >= lengths[k]) place -= lengths[k++];
      on(k, Math.floor(flat / whole) * lengths[k] + place);
    };
  },
  copy(graph, step) {
    const index = indexOf(graph, step);
    return (flat, on) => { if (index[flat] >= 0) on(0, index[flat]); };
  },
  softmax(graph, step) {
    const length = step.shape[step.settings.axis];
    const gap = product(step.shape.slice(step.settings.axis + 1));
    return (flat, on) => blockFrom(flat - (Math.floor(flat / gap) % length) * gap, length, gap, on);
  },
};

function blockFrom(first, count, gap, on) {
  for (let k = 0; k < count; k++) on(0, first + k * gap);
}

// All maps of a group are read at the same places: they are found once, and copied.
function markConv2d(graph, step, own, read) {
  const { stride, padding, dilation, groups } = step.settings;
  const [outputs, depth, height, width] = tensorOf(graph, step, "weight").shape;
  const maps = graph.byName.get(step.inputs[0]).shape;
  const outArea = step.shape[1] * step.shape[2];
  const area = maps[1] * maps[2];
  for (let group = 0; group < groups; group++) {
    const isRead = new Uint8Array(area);
    for (let place = 0; place < outArea; place++) {
      let isMarked = 0;
      for (let o = 0; o < outputs / groups; o++) {
        isMarked |= own[(group * (outputs / groups) + o) * outArea + place];
      }
      if (!isMarked) continue;
      const [, i, j] = pixelOf(step.shape, place);
      for (let a = 0; a < height; a++) {
        const row = i * stride[0] - padding[0] + a * dilation[0];
        if (row < 0 || row >= maps[1]) continue;
        for (let b = 0; b < width; b++) {
          const column = j * stride[1] - padding[2] + b * dilation[1];
          if (column >= 0 && column < maps[2]) isRead[row * maps[2] + column] = 1;
        }
      }
    }
    for (let k = 0; k < depth; k++) {
      const first = (group * depth + k) * area;
      for (let at = 0; at < area; at++) read[first + at] |= isRead[at];
    }
  }
}

// ---- Why this answer: cover a part -----------------------------------------------------------

const COVER = 0; // mid-grey, in the numbers that a network takes

// Cover a square of the image, everywhere in turn, and see how much the logit of a class falls.
//
// An iterator: each `next()` covers one place, and yields the same result with one more number:
// {classIndex, logit, size, stride, rows, columns, falls, done}. `falls` is a Float64Array of
// rows * columns numbers, NaN where nothing was covered yet; below 0 the logit rises. Place (i, j)
// begins at pixel (i * stride, j * stride). `classIndex` is the predicted class if it is left out.
export function* occlude(graph, input, { classIndex, size = 4, stride = 2 } = {}) {
  const [, height, width] = graph.input.shape;
  const area = height * width;
  const places = (extent) => Math.floor((extent - size) / stride) + 1;
  const [rows, columns] = [places(height), places(width)];
  let values = compute(graph, input);
  const logits = values.get(graph.answer);
  const chosen = classIndex ?? logits.indexOf(Math.max(...logits));
  const falls = new Float64Array(rows * columns).fill(NaN);
  const logit = logits[chosen];
  const result = { classIndex: chosen, logit, size, stride, rows, columns, falls, done: 0 };
  const covered = Float32Array.from(input);
  for (let place = 0; place < falls.length; place++) {
    const [, top, left] = pixelOf([1, rows, columns], place).map((each) => each * stride);
    covered.set(input);
    for (let line = top * width; line < covered.length; line += area) {
      for (let i = 0; i < size; i++) {
        const first = line + i * width + left;
        covered.fill(COVER, first, first + size);
      }
    }
    values = compute(graph, covered, values);
    falls[place] = logit - values.get(graph.answer)[chosen];
    result.done = place + 1;
    yield result;
  }
}

// Run an iterator in slices of some milliseconds, so that the page does not freeze.
//
// `show(value, isDone)` is called after each slice. Returns a function that stops it.
export function inSlices(iterator, show, milliseconds = 8) {
  let isStopped = false;
  let value;
  const slice = () => {
    if (isStopped) return;
    const end = performance.now() + milliseconds;
    let step;
    do {
      step = iterator.next();
      if (!step.done) value = step.value;
    } while (!step.done && performance.now() < end);
    show(value, step.done);
    if (!step.done) setTimeout(slice, 0);
  };
  slice();
  return () => {
    isStopped = true;
  };
}
