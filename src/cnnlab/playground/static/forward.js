// A network's graph, read and computed: every number of every step, for one image.
//
// The format of a graph is described in cnnlab/insight/graph.py, and cnnlab/insight/interpret.py
// computes the same with NumPy. A step's numbers are a Float32Array in which the last index runs
// fastest. Sums are made in JavaScript's own 64-bit numbers and rounded once, when they are stored.

// ---- Reading ---------------------------------------------------------------------------------

const GRAPH_VERSION = 1;

// Return the graph of its JSON object and the bytes of its tensors (ArrayBuffer or Uint8Array).
//
// {steps, byName: Map, stages: [{name, steps, last}], tensors: [{shape, data}], input, answer}.
// A step is as in the JSON, with `size`, how many numbers it has, and `order`, its place.
// Throws an Error in plain words if the graph cannot be read.
export function readGraph(json, bytes) {
  if (json.cnnlab_graph !== GRAPH_VERSION) {
    throw new Error(
      `This graph has version ${json.cnnlab_graph}; expected ${GRAPH_VERSION}. ` +
        "Export the network again with this cnnlab.",
    );
  }
  const block = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  if (block.length !== json.bytes) {
    throw new Error(
      `The weights are incomplete: expected ${json.bytes} bytes, found ${block.length}. ` +
        "Export the network again.",
    );
  }
  const tensors = json.tensors.map((place) => readTensor(place, block));
  const graph = { steps: [], byName: new Map(), stages: [], tensors, answer: json.answer };
  for (const content of json.steps) {
    if (!PREPARE.has(content.op) || graph.byName.has(content.name)) {
      throw new Error(`Step "${content.name}" is there twice, or cannot be computed here.`);
    }
    for (const name of content.inputs) {
      if (!graph.byName.has(name)) {
        throw new Error(`Step "${content.name}" needs "${name}", which is not before it.`);
      }
    }
    const step = { ...content, size: product(content.shape), order: graph.steps.length };
    graph.steps.push(step);
    graph.byName.set(step.name, step);
    addToStage(graph.stages, step);
  }
  graph.input = graph.steps[0];
  graph.runs = graph.steps.map((step) => ({
    run: PREPARE.get(step.op)(graph, step),
    read: step.inputs.map(() => null),
  }));
  return graph;
}

const TENSOR_TYPES = {
  f32: { bytes: 4, read: (buffer) => new Float32Array(buffer) },
  i32: { bytes: 4, read: (buffer) => new Int32Array(buffer) },
  f16: { bytes: 2, read: (buffer) => Float32Array.from(new Uint16Array(buffer), fromHalf) },
};

function readTensor(place, block) {
  const type = TENSOR_TYPES[place.type];
  const end = place.at + product(place.shape) * type.bytes;
  if (place.at < 0 || end > block.length) {
    throw new Error("A tensor does not lie within the weights. Export the network again.");
  }
  // A copy, since `at` need not be a multiple of 4. Every browser's machine is little-endian.
  return { shape: place.shape, data: type.read(block.slice(place.at, end).buffer) };
}

// Return the number of 16 bits: one of sign, five of exponent, ten of fraction.
function fromHalf(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function addToStage(stages, step) {
  if (step.op === "constant") return;
  let stage = stages.find((each) => each.name === step.stage);
  if (!stage) {
    stage = { name: step.stage, steps: [], last: step };
    stages.push(stage);
  }
  stage.steps.push(step);
  stage.last = step;
}

// Return a step's tensor {shape, data}, such as "weight"; undefined if it does not have it.
export function tensorOf(graph, step, name) {
  return graph.tensors[step.tensors[name]];
}

export function product(numbers) {
  return numbers.reduce((total, each) => total * each, 1);
}

// ---- Computing -------------------------------------------------------------------------------

// Return the numbers of every step, a Map from its name to a Float32Array, for an input.
//
// With `reuse`, an earlier result for the same graph, its arrays are overwritten and returned:
// so a page that computes 60 times a second leaves nothing for the garbage collector.
export function compute(graph, input, reuse) {
  const values = reuse || new Map(graph.steps.map((s) => [s.name, new Float32Array(s.size)]));
  values.get(graph.input.name).set(input);
  for (let place = 1; place < graph.steps.length; place++) {
    const { name, inputs } = graph.steps[place];
    const { run, read } = graph.runs[place];
    for (let i = 0; i < inputs.length; i++) read[i] = values.get(inputs[i]);
    run(values.get(name), ...read);
  }
  return values;
}

// Return the shares of the classes, which add up to 1.
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (z) => Math.exp(z - largest));
  const total = powers.reduce((sum, each) => sum + each, 0);
  return powers.map((each) => each / total);
}

// ---- The image -------------------------------------------------------------------------------

const STORED_SIDE = 28;
const INPUT_SIDE = 32;

// Return 28 x 28 grey levels as the network takes them: 32 x 32 floats from -1 to 1.
//
// The same bits as `cnnlab.data.tensors`: enlarged bilinearly, rows first, each rounded to a
// level. All weights are sixteenths, so that whole numbers do it exactly.
export function asInput(levels) {
  const wide = new Uint8Array(STORED_SIDE * INPUT_SIDE);
  for (let row = 0; row < STORED_SIDE; row++) {
    for (let column = 0; column < INPUT_SIDE; column++) {
      const at = row * STORED_SIDE;
      wide[row * INPUT_SIDE + column] = between(levels, at, 1, column);
    }
  }
  const input = new Float32Array(INPUT_SIDE * INPUT_SIDE);
  for (let row = 0; row < INPUT_SIDE; row++) {
    for (let column = 0; column < INPUT_SIDE; column++) {
      const level = between(wide, column, INPUT_SIDE, row);
      input[row * INPUT_SIDE + column] = (Math.fround(level / 255) - 0.5) / 0.5;
    }
  }
  return input;
}

// Return the level at position `place` of 32, on a line of 28 levels from `at`, `gap` apart.
function between(levels, at, gap, place) {
  const sixteenths = Math.min(Math.max(14 * place - 1, 0), 16 * (STORED_SIDE - 1));
  const before = sixteenths >> 4;
  const share = sixteenths & 15;
  const first = levels[at + before * gap];
  const second = share ? levels[at + (before + 1) * gap] : 0;
  return ((16 - share) * first + share * second + 8) >> 4;
}

// ---- The operations --------------------------------------------------------------------------
//
// Each prepares a step once, and returns a function (out, input, ...) that computes its numbers.

// A convolution is one list of taps: how far each number under the kernel lies from the first.
// Four neighbours of a row are summed at once, so that each weight is fetched for four numbers.
function prepareConv2d(graph, step) {
  const { stride, padding, dilation, groups } = step.settings;
  const [top, bottom, left, right] = padding;
  const [maps, height, width] = graph.byName.get(step.inputs[0]).shape;
  const [outputs, depth, rows, columns] = tensorOf(graph, step, "weight").shape;
  const [, outHeight, outWidth] = step.shape;
  const weight = Float64Array.from(tensorOf(graph, step, "weight").data);
  const bias = tensorOf(graph, step, "bias");
  const isPadded = top || bottom || left || right;
  const padWidth = width + left + right;
  const padArea = (height + top + bottom) * padWidth;
  const padded = isPadded ? new Float32Array(maps * padArea) : null;
  const taps = new Int32Array(depth * rows * columns);
  for (let t = 0, k = 0; k < depth; k++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        taps[t++] = k * padArea + i * dilation[0] * padWidth + j * dilation[1];
      }
    }
  }
  return (out, input) => {
    const x = isPadded ? pad(padded, input, maps, height, width, padding) : input;
    const count = taps.length;
    const across = stride[1];
    let place = 0;
    for (let o = 0; o < outputs; o++) {
      const firstMap = Math.floor(o / (outputs / groups)) * depth;
      const first = o * count;
      const start = bias ? bias.data[o] : 0;
      for (let i = 0; i < outHeight; i++) {
        let at = firstMap * padArea + i * stride[0] * padWidth;
        let j = 0;
        for (; j + 4 <= outWidth; j += 4) {
          let a = start;
          let b = start;
          let c = start;
          let d = start;
          for (let t = 0; t < count; t++) {
            const w = weight[first + t];
            const from = at + taps[t];
            a += w * x[from];
            b += w * x[from + across];
            c += w * x[from + 2 * across];
            d += w * x[from + 3 * across];
          }
          out[place] = a;
          out[place + 1] = b;
          out[place + 2] = c;
          out[place + 3] = d;
          place += 4;
          at += 4 * across;
        }
        for (; j < outWidth; j++) {
          let a = start;
          for (let t = 0; t < count; t++) a += weight[first + t] * x[at + taps[t]];
          out[place++] = a;
          at += across;
        }
      }
    }
  };
}

// Copy maps into larger ones, whose borders are zero and stay so. Negative padding cuts.
function pad(padded, input, maps, height, width, [top, bottom, left, right]) {
  const padHeight = height + top + bottom;
  const padWidth = width + left + right;
  for (let k = 0; k < maps; k++) {
    for (let i = Math.max(0, -top); i < Math.min(height, height + bottom); i++) {
      const to = (k * padHeight + i + top) * padWidth + left;
      const from = (k * height + i) * width;
      for (let j = Math.max(0, -left); j < Math.min(width, width + right); j++) {
        padded[to + j] = input[from + j];
      }
    }
  }
  return padded;
}

function prepareLinear(graph, step) {
  const { data: weight, shape } = tensorOf(graph, step, "weight");
  const bias = tensorOf(graph, step, "bias");
  const [outputs, inputs] = shape;
  return (out, x) => {
    for (let place = 0; place < out.length; place++) {
      const o = place % outputs;
      const row = ((place - o) / outputs) * inputs;
      let sum = bias ? bias.data[o] : 0;
      for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[row + i];
      out[place] = sum;
    }
  };
}

// Return the positions of a pooling window [start, stop] that are not padding.
export function inside([start, stop], size, dilation) {
  const found = [];
  for (let place = start; place < stop; place += dilation) {
    if (place >= 0 && place < size) found.push(place);
  }
  return found;
}

// Return what an average is divided by, for the windows of a row and a column.
export function divisorOf(step, row, column) {
  const { divisor, counts_padding: countsPadding, maps } = step.settings;
  if (divisor !== null) return divisor;
  if (countsPadding) return (row[1] - row[0]) * (column[1] - column[0]);
  return inside(row, maps[1], 1).length * inside(column, maps[2], 1).length;
}

function preparePool(graph, step) {
  const { maps, rows, columns, dilation } = step.settings;
  const isMax = step.settings.function === "max";
  const area = maps[1] * maps[2];
  const windows = rows.flatMap((row) =>
    columns.map((column) => {
      const cells = inside(row, maps[1], dilation[0]).flatMap((i) =>
        inside(column, maps[2], dilation[1]).map((j) => i * maps[2] + j),
      );
      return { cells: Int32Array.from(cells), divisor: divisorOf(step, row, column) };
    }),
  );
  return (out, x) => {
    let place = 0;
    for (let first = 0; first < maps[0] * area; first += area) {
      for (let k = 0; k < windows.length; k++) {
        const { cells, divisor } = windows[k];
        let made = isMax ? -Infinity : 0;
        for (let t = 0; t < cells.length; t++) {
          const value = x[first + cells[t]];
          made = isMax ? Math.max(made, value) : made + value;
        }
        out[place++] = isMax ? made : made / divisor;
      }
    }
  };
}

function prepareBatchNorm(graph, step) {
  const [mean, variance, weight, bias] = ["mean", "variance", "weight", "bias"].map(
    (name) => tensorOf(graph, step, name).data,
  );
  const area = step.size / step.shape[0];
  return (out, x) => {
    for (let place = 0, map = 0; map < mean.length; map++) {
      const factor = weight[map] / Math.sqrt(variance[map] + step.settings.epsilon);
      for (let i = 0; i < area; i++, place++) {
        out[place] = (x[place] - mean[map]) * factor + bias[map];
      }
    }
  };
}

// Return the mean and the deviation that `standardise` uses for the block that starts at `first`.
export function momentsOf(x, first, block, epsilon) {
  let mean = 0;
  for (let i = 0; i < block; i++) mean += x[first + i];
  mean /= block;
  let variance = 0;
  for (let i = 0; i < block; i++) variance += (x[first + i] - mean) ** 2;
  return { mean, deviation: Math.sqrt(variance / block + epsilon) };
}

function prepareStandardise(graph, step) {
  const { block, epsilon } = step.settings;
  const [weight, bias] = ["weight", "bias"].map((name) => {
    const tensor = tensorOf(graph, step, name);
    return tensor && { data: tensor.data, index: broadcast(tensor.shape, step.shape) };
  });
  return (out, x) => {
    for (let first = 0; first < out.length; first += block) {
      const { mean, deviation } = momentsOf(x, first, block, epsilon);
      for (let place = first; place < first + block; place++) {
        let made = (x[place] - mean) / deviation;
        if (weight) made *= weight.data[weight.index[place]];
        if (bias) made += bias.data[bias.index[place]];
        out[place] = made;
      }
    }
  };
}

function sigmoid(x) {
  const small = Math.exp(-Math.abs(x)); // never overflows
  return x >= 0 ? 1 / (1 + small) : small / (1 + small);
}

function logOnePlusExp(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

// Abramowitz and Stegun 7.1.26, within 1.5e-7.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const inner = t * (1.421413741 + t * (-1.453152027 + t * 1.061405429));
  return Math.sign(x) * (1 - t * (0.254829592 + t * (-0.284496736 + inner)) * Math.exp(-x * x));
}

function clamp(x, low, high) {
  return Math.min(Math.max(x, low), high);
}

// Every activation but PReLU: a function of one number and the step's settings.
const FUNCTIONS = {
  relu: (x) => Math.max(x, 0),
  clamp: (x, s) => clamp(x, s.low ?? -Infinity, s.high ?? Infinity),
  leaky_relu: (x, s) => (x > 0 ? x : s.slope * x),
  elu: (x, s) => s.scale * (x > 0 ? x : s.alpha * Math.expm1(s.input_scale * x)),
  gelu: (x, s) => {
    if (s.approximate !== "tanh") return 0.5 * x * (1 + erf(x / Math.SQRT2));
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  },
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(logOnePlusExp(x)),
  sigmoid,
  tanh: (x) => Math.tanh(x),
  softplus: (x, s) => (s.beta * x > s.threshold ? x : logOnePlusExp(s.beta * x) / s.beta),
  hardswish: (x) => (x * clamp(x + 3, 0, 6)) / 6,
  hardsigmoid: (x) => clamp(x + 3, 0, 6) / 6,
  log_sigmoid: (x) => -logOnePlusExp(-x),
  exp: (x) => Math.exp(x),
  log: (x) => Math.log(x),
  abs: (x) => Math.abs(x),
  power: (x, s) => (s.exponent === 0.5 ? Math.sqrt(x) : x ** s.exponent), // as PyTorch does
};

// Return an activation as a function of one number; `slope` is PReLU's, for x below 0.
export function functionOf(step, slope) {
  const { settings } = step;
  if (settings.function === "prelu") return (x) => (x > 0 ? x : slope * x);
  const apply = FUNCTIONS[settings.function];
  if (!apply) throw new Error(`The activation "${settings.function}" cannot be computed here.`);
  return (x) => apply(x, settings);
}

function prepareActivation(graph, step) {
  const weight = tensorOf(graph, step, "weight");
  if (weight) {
    const index = broadcast(weight.shape, step.shape);
    return (out, x) => {
      for (let i = 0; i < out.length; i++) {
        out[i] = x[i] > 0 ? x[i] : weight.data[index[i]] * x[i];
      }
    };
  }
  const apply = functionOf(step);
  return (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = apply(x[i]);
  };
}

// Every operation on two numbers.
export const COMBINE = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};

// Return which number of a tensor of shape `from` meets each number of shape `to`, as NumPy does.
export function broadcast(from, to) {
  const lead = to.length - from.length;
  const strides = from.map((size, axis) => (size === 1 ? 0 : product(from.slice(axis + 1))));
  return strided(to, 0, [...to.slice(0, lead).fill(0), ...strides]);
}

// Return offset + i * strides[0] + j * strides[1] ... for each index (i, j ...) of a shape.
function strided(shape, offset, strides) {
  let index = [offset];
  shape.forEach((size, axis) => {
    const steps = Array.from({ length: size }, (_, i) => i * strides[axis]);
    index = index.flatMap((start) => steps.map((each) => start + each));
  });
  return Int32Array.from(index);
}

function prepareTwo(graph, step) {
  const apply = COMBINE[step.op];
  const [first, second] = step.inputs.map((name) =>
    broadcast(graph.byName.get(name).shape, step.shape),
  );
  return (out, a, b) => {
    for (let i = 0; i < out.length; i++) out[i] = apply(a[first[i]], b[second[i]]);
  };
}

function prepareConcatenate(graph, step) {
  const { axis } = step.settings;
  const after = product(step.shape.slice(axis + 1));
  const lengths = step.inputs.map((name) => graph.byName.get(name).shape[axis] * after);
  return (out, ...read) => {
    for (let place = 0, round = 0; place < out.length; round++) {
      for (let k = 0; k < read.length; k++) {
        const from = round * lengths[k];
        for (let i = 0; i < lengths[k]; i++) out[place++] = read[k][from + i];
      }
    }
  };
}

// Return which number of its input a copy takes for each of its numbers; -1 for none.
export function indexOf(graph, step) {
  const index = tensorOf(graph, step, "index");
  return index ? index.data : strided(step.shape, step.settings.offset, step.settings.strides);
}

function prepareCopy(graph, step) {
  const index = indexOf(graph, step);
  const value = step.settings.value || 0;
  return (out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = index[i] < 0 ? value : x[index[i]];
  };
}

function prepareSoftmax(graph, step) {
  const { axis, log } = step.settings;
  const length = step.shape[axis];
  const gap = product(step.shape.slice(axis + 1));
  return (out, x) => {
    for (let first = 0; first < out.length; first++) {
      if (Math.floor(first / gap) % length) continue; // not the first of its line
      let largest = -Infinity;
      for (let k = 0; k < length; k++) largest = Math.max(largest, x[first + k * gap]);
      let total = 0;
      for (let k = 0; k < length; k++) total += Math.exp(x[first + k * gap] - largest);
      for (let place = first, k = 0; k < length; k++, place += gap) {
        const lower = x[place] - largest;
        out[place] = log ? lower - Math.log(total) : Math.exp(lower) / total;
      }
    }
  };
}

const PREPARE = new Map([
  ["input", () => null],
  ["constant", (graph, step) => (out) => out.set(tensorOf(graph, step, "value").data)],
  ["conv2d", prepareConv2d],
  ["linear", prepareLinear],
  ["pool", preparePool],
  ["batch_norm", prepareBatchNorm],
  ["standardise", prepareStandardise],
  ["activation", prepareActivation],
  ...Object.keys(COMBINE).map((op) => [op, prepareTwo]),
  ["concatenate", prepareConcatenate],
  ["copy", prepareCopy],
  ["softmax", prepareSoftmax],
]);
