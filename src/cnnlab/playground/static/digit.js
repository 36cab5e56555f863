// A drawing, made into an image like those of the data set; and small changes of an image.
//
// drawnDigit and drawnArticle follow cnnlab/data/pictures, pixel by pixel: ink.py finds the ink,
// normalise.py makes 28 x 28 of it. Three things need no guess here, because the sheet is our own:
// the ink is darker than the paper, the paper around it is white, and there is no noise. Float32Array and Math.fround
// round where NumPy rounds.

export const SHEET = 280; // pixels of a side of the drawing sheet
const SIDE = 28;
const DIGIT_SIDE = 20; // MNIST's digits fill a box of this side
const DIGIT_CENTRE = 14; // row and column of their centre of mass

// ---- Strokes ---------------------------------------------------------------------------------

const PEN = SHEET / 10; // width of a line, in pixels
const REACH = PEN / 2 + 0.5; // beyond this distance from its middle a line leaves no ink
const FULL = PEN / 2 - 0.5; // up to this distance its ink is full
const FLATNESS = 0.1; // a curve and the lines that replace it differ by at most this, in pixels

// Return the ink, 0 to 255, of strokes: arrays of points [x, y] in 0..280. (280 x 280.)
export function rasterise(strokes) {
  const ink = new Uint8Array(SHEET * SHEET);
  for (const stroke of strokes) {
    const path = smooth(stroke);
    for (let place = 1; place < path.length; place++) {
      drawLine(ink, path[place - 1], path[place]);
    }
  }
  return ink;
}

// Return the corners of a line through a stroke: quadratic curves from midpoint to midpoint.
function smooth(points) {
  if (points.length < 2) return [...points, ...points];
  const last = points.length - 1;
  const path = [points[0], middle(points[0], points[1])];
  for (let place = 1; place < last; place++) {
    addCurve(path, points[place], middle(points[place], points[place + 1]));
  }
  path.push(points[last]);
  return path;
}

function middle(from, to) {
  return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
}

// Add a quadratic curve from the path's end, in as few lines as are flat enough.
function addCurve(path, control, end) {
  const start = path[path.length - 1];
  const bendX = start[0] - 2 * control[0] + end[0];
  const bendY = start[1] - 2 * control[1] + end[1];
  const bend = Math.sqrt(bendX * bendX + bendY * bendY);
  const lines = Math.max(1, Math.ceil(Math.sqrt(bend / (4 * FLATNESS))));
  for (let line = 1; line < lines; line++) {
    const t = line / lines;
    const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
    path.push([
      a * start[0] + b * control[0] + c * end[0],
      a * start[1] + b * control[1] + c * end[1],
    ]);
  }
  path.push(end);
}

// Add a line with round ends to the ink. A pixel keeps the most ink that any line gives it.
function drawLine(ink, [x0, y0], [x1, y1]) {
  const [across, down] = [x1 - x0, y1 - y0];
  const squared = across * across + down * down;
  const top = Math.max(0, Math.floor(Math.min(y0, y1) - REACH));
  const bottom = Math.min(SHEET - 1, Math.ceil(Math.max(y0, y1) + REACH));
  const left = Math.max(0, Math.floor(Math.min(x0, x1) - REACH));
  const right = Math.min(SHEET - 1, Math.ceil(Math.max(x0, x1) + REACH));
  for (let row = top; row <= bottom; row++) {
    const y = row + 0.5 - y0;
    for (let column = left; column <= right; column++) {
      const place = row * SHEET + column;
      if (ink[place] === 255) continue;
      const x = column + 0.5 - x0;
      const t = squared ? Math.min(1, Math.max(0, (x * across + y * down) / squared)) : 0;
      const [gapX, gapY] = [x - t * across, y - t * down];
      const gap = gapX * gapX + gapY * gapY;
      if (gap >= REACH * REACH) continue;
      const level = gap <= FULL * FULL ? 255 : Math.round(255 * (REACH - Math.sqrt(gap)));
      if (level > ink[place]) ink[place] = level;
    }
  }
}

// ---- A digit, an article ------------------------------------------------------------------------

const LONGEST_DOT = 1.25 * PEN; // in pixels: a mark that is no longer is a dot of the pen

// Return the ink of a sheet as 784 levels of 28 x 28 pixels; null if it is blank or just a dot.
//
// Centred: cut to its box, as MNIST's digits were. Not centred: the whole sheet, made smaller.
export function drawnDigit(raster, isCentred = true) {
  const ink = strokesOf(inkOn(raster));
  const marks = marksIn(ink, false);
  if (marks === null) return null;
  const digit = new Uint8Array(SIDE * SIDE);
  if (!isCentred) {
    digit.set(asLevels(resize(ink, SHEET, SIDE)));
    return digit;
  }
  const small = asLevels(resize(squareOf(ink, marks), marks.length, DIGIT_SIDE));
  const rows = new Float64Array(DIGIT_SIDE);
  const columns = new Float64Array(DIGIT_SIDE);
  small.forEach((level, place) => {
    rows[Math.floor(place / DIGIT_SIDE)] += level;
    columns[place % DIGIT_SIDE] += level;
  });
  const [top, left] = [startOf(rows), startOf(columns)];
  for (let row = 0; row < DIGIT_SIDE; row++) {
    const line = small.subarray(row * DIGIT_SIDE, (row + 1) * DIGIT_SIDE);
    digit.set(line, (top + row) * SIDE + left);
  }
  return digit;
}

// Return the ink of a sheet as 784 levels, like the articles of Fashion-MNIST; null if it is blank
// or just a dot. Centred: cut to its box, whose longer side becomes 28. Not centred: the sheet.
export function drawnArticle(raster, isCentred = true) {
  const ink = Float32Array.from(raster, (level) => (level / 255 > FAINTEST ? level / 255 : 0));
  const marks = marksIn(ink, true);
  if (marks === null) return null;
  const square = isCentred ? squareOf(ink, marks) : ink;
  const small = resize(square, isCentred ? marks.length : SHEET, SIDE);
  return sharpened(Uint8Array.from(small, (share) => Math.round(255 * share)));
}

// Return 784 levels after the sharpening that made Fashion-MNIST; what is 0 stays 0.
function sharpened(levels) {
  const [near, far] = [-Math.exp(-0.5), -Math.exp(-1)];
  const weights = [2 * (1 - 4 * near - 4 * far), near, far]; // by steps down plus steps across
  const total = weights[0] + 4 * near + 4 * far;
  return eachPixel((row, column) => {
    const own = levelAt(levels, row, column);
    const isEdge = row % (SIDE - 1) === 0 || column % (SIDE - 1) === 0;
    if (own === 0 || isEdge) return own; // as Pillow leaves them
    let sum = 0;
    for (let down = -1; down <= 1; down++) {
      for (let across = -1; across <= 1; across++) {
        const weight = weights[Math.abs(down) + Math.abs(across)];
        sum += weight * levelAt(levels, row + down, column + across);
      }
    }
    return Math.min(255, Math.max(0, sum / total));
  });
}

// Return where a line of weights must start to have its centre of mass in the middle.
function startOf(weights) {
  const total = weights.reduce((sum, each) => sum + each, 0);
  const centre = weights.reduce((sum, each, place) => sum + each * place, 0) / total;
  const start = Math.ceil(DIGIT_CENTRE - 0.5 - centre);
  return Math.min(Math.max(start, 0), SIDE - weights.length);
}

// Return shares of ink as levels, 0 to 255: the 90th percentile of what is not 0 becomes 255.
function asLevels(small) {
  const found = small.filter((each) => each > 0).sort();
  const place = 0.9 * (found.length - 1);
  const [low, high] = [found[Math.floor(place)], found[Math.ceil(place)]];
  const peak = Math.fround(low + (high - low) * (place % 1));
  const level = (each) => Math.round(Math.fround(255 * Math.min(1, Math.fround(each / peak))));
  return Uint8Array.from(small, level);
}

// Return the ink of the marks, cut to their box, in the middle of a square.
function squareOf(ink, { top, left, height, width, length, isKept }) {
  const square = new Float32Array(length * length);
  const above = Math.floor((length - height + 1) / 2);
  const before = Math.floor((length - width + 1) / 2);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (!isKept(top + row, left + column)) continue;
      const amount = ink[(top + row) * SHEET + left + column];
      square[(above + row) * length + before + column] = amount;
    }
  }
  return square;
}

// Return a square image with another side, by Pillow's bilinear rule: rows first, then columns.
function resize(image, side, newSide) {
  const weights = weightsOf(side, newSide);
  // Rows made shorter, as columns: the second time puts them back.
  const turned = (from, rows) => {
    const made = new Float32Array(newSide * rows);
    for (let row = 0; row < rows; row++) {
      weights.forEach(({ start, shares }, column) => {
        const at = row * side + start;
        let sum = 0;
        for (let k = 0; k < shares.length; k++) sum += from[at + k] * shares[k];
        made[column * rows + row] = sum;
      });
    }
    return made;
  };
  return turned(turned(image, side), newSide);
}

// Return, for each new pixel of a line, the first old pixel that counts and the share of each.
//
// A share falls off as a triangle does. If the line gets shorter, the triangle gets wider.
function weightsOf(side, newSide) {
  const scale = side / newSide;
  const support = Math.max(scale, 1);
  return Array.from({ length: newSide }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(side, Math.floor(centre + support + 0.5));
    const shares = [];
    for (let old = start; old < end; old++) {
      shares.push(Math.max(0, 1 - Math.abs((old - centre + 0.5) / support)));
    }
    const total = shares.reduce((sum, each) => sum + each, 0);
    return { start, shares: shares.map((each) => each / total) };
  });
}

// ---- Ink and marks ---------------------------------------------------------------------------

const FAINTEST = 0.05; // ink that is fainter does not count
const BLOCK = 5; // the paper's level is found in blocks of 5 x 5 pixels
const BLOCKS = SHEET / BLOCK;
const DISC = discOf(Math.round(0.14 * BLOCKS)); // wider than any stroke

// Return the steps [down, across] to all places of a disc, the nearest first.
function discOf(radius) {
  const steps = [];
  for (let down = -radius; down <= radius; down++) {
    for (let across = -radius; across <= radius; across++) {
      if (down * down + across * across <= (radius + 0.5) ** 2) steps.push([down, across]);
    }
  }
  const distance = ([down, across]) => down * down + across * across;
  return steps.sort((one, other) => distance(one) - distance(other));
}

// Return how much of the paper's light is missing at each pixel, 0 to 1.
function inkOn(raster) {
  const paper = paperOf(raster);
  const ink = new Float32Array(raster.length);
  for (let place = 0; place < raster.length; place++) {
    if (raster[place] === 0) continue;
    const ground = paper === null ? 255 : Math.max(paper[place], 1);
    const share = Math.fround(1 - Math.fround((255 - raster[place]) / ground));
    if (share > FAINTEST) ink[place] = share;
  }
  return ink;
}

// Return the level of the paper at each pixel, also under the strokes; null if it is 255.
//
// The largest level within a disc, then the smallest of those: lines vanish, and only a blot that
// is wider than the disc stays.
function paperOf(raster) {
  const missing = new Float32Array(BLOCKS * BLOCKS);
  for (let place = 0; place < raster.length; place++) {
    if (raster[place] === 0) continue;
    const row = Math.floor(place / SHEET / BLOCK);
    missing[row * BLOCKS + Math.floor((place % SHEET) / BLOCK)] += raster[place];
  }
  const levels = missing.map((sum) => 255 - sum / BLOCK ** 2);
  const lightest = inDiscs(levels, Math.max, 255);
  if (lightest.every((level) => level === 255)) return null;
  return resize(inDiscs(lightest, Math.min, 0), BLOCKS, SHEET);
}

// Return the extreme level in the disc around each block; none can be beyond `end`.
//
// Beyond the edge is the mirror image.
function inDiscs(levels, choose, end) {
  const mirrored = (place) => (place < 0 ? -1 - place : Math.min(place, 2 * BLOCKS - 1 - place));
  return levels.map((level, place) => {
    const [row, column] = [Math.floor(place / BLOCKS), place % BLOCKS];
    let found = level;
    for (const [down, across] of DISC) {
      if (found === end) break;
      found = choose(found, levels[mirrored(row + down) * BLOCKS + mirrored(column + across)]);
    }
    return found;
  });
}

// Return ink as NIST's scans had it, all or nothing, but with soft edges.
//
// The level of a stroke comes from two-means clustering (Ridler and Calvard 1978).
function strokesOf(ink) {
  const found = ink.filter((share) => share > 0);
  if (found.length === 0) return ink;
  let threshold = meanOf(found, 0, 1);
  for (let turns = 0; turns < 20; turns++) {
    const between = (meanOf(found, 0, threshold) + meanOf(found, threshold, 1)) / 2;
    if (Number.isNaN(between) || Math.fround(between) === threshold) break;
    threshold = Math.fround(between);
  }
  const upper = meanOf(found, threshold, 1);
  const level = Number.isNaN(upper) ? threshold : upper;
  const soft = new Float32Array(ink.length);
  for (let place = 0; place < ink.length; place++) {
    if (ink[place] === 0) continue;
    const share = Math.fround(Math.fround((2 * ink[place]) / level) - 0.5);
    soft[place] = Math.min(1, Math.max(0, share));
  }
  return soft;
}

// Return the mean of the numbers above `low` and up to `high`; NaN if there is none.
function meanOf(numbers, low, high) {
  let sum = 0;
  let count = 0;
  for (let place = 0; place < numbers.length; place++) {
    if (numbers[place] <= low || numbers[place] > high) continue;
    sum += numbers[place];
    count++;
  }
  return Math.fround(sum / count);
}

const CELL = 3; // marks are found in cells of 3 x 3 pixels
const CELLS = Math.ceil(SHEET / CELL);

// Return the marks that count, {top, left, height, width, length, isKept(row, column)}; null if
// there is none, or just a dot. `length` is the longer side of their box.
//
// Specks are left out. If edges do not count, so is a mark that touches the sheet's edge, unless
// there is no other.
// predict takes anything for a mark that is as long as a fiftieth of a picture. Here the width of
// the pen is known, so that a dot of the pen is known to be one.
function marksIn(ink, edgesCount) {
  const cells = new Float64Array(CELLS * CELLS);
  for (let place = 0; place < ink.length; place++) {
    if (ink[place] > 0) cells[cellOf(Math.floor(place / SHEET), place % SHEET)] += ink[place];
  }
  const { labels, marks } = label(cells);
  const largest = (some) => some.reduce((most, mark) => Math.max(most, mark.amount), 0);
  const inside = marks.filter((mark) => !mark.touchesEdge);
  const total = marks.reduce((sum, mark) => sum + mark.amount, 0);
  const isCut = !edgesCount && largest(inside) > 0.01 * total && largest(inside) < largest(marks);
  const counted = isCut ? inside : marks;
  const least = 0.05 * largest(counted);
  const kept = new Set(counted.filter((mark) => mark.amount >= least).map((mark) => mark.label));
  const isKept = (row, column) => kept.has(labels[cellOf(row, column)]);

  let [top, bottom, left, right] = [SHEET, -1, SHEET, -1];
  for (let place = 0; place < ink.length; place++) {
    const row = Math.floor(place / SHEET);
    const column = place % SHEET;
    if (ink[place] === 0 || !isKept(row, column)) continue;
    top = Math.min(top, row);
    bottom = row;
    left = Math.min(left, column);
    right = Math.max(right, column);
  }
  const [height, width] = [bottom - top + 1, right - left + 1];
  const length = Math.max(height, width);
  return length <= LONGEST_DOT ? null : { top, left, height, width, length, isKept };
}

function cellOf(row, column) {
  return Math.floor(row / CELL) * CELLS + Math.floor(column / CELL);
}

// Return for each cell the number of its mark, 0 if it is empty, and the marks.
//
// Cells that touch, corners included, are one mark: {label, amount of ink, touchesEdge}.
function label(cells) {
  const labels = new Uint16Array(cells.length);
  const marks = [];
  for (let start = 0; start < cells.length; start++) {
    if (cells[start] === 0 || labels[start] !== 0) continue;
    const mark = { label: marks.length + 1, amount: 0, touchesEdge: false };
    marks.push(mark);
    labels[start] = mark.label;
    const waiting = [start];
    while (waiting.length) {
      const place = waiting.pop();
      const [row, column] = [Math.floor(place / CELLS), place % CELLS];
      mark.amount += cells[place];
      for (let y = row - 1; y <= row + 1; y++) {
        for (let x = column - 1; x <= column + 1; x++) {
          if (y < 0 || x < 0 || y === CELLS || x === CELLS) {
            mark.touchesEdge = true;
          } else if (cells[y * CELLS + x] > 0 && labels[y * CELLS + x] === 0) {
            labels[y * CELLS + x] = mark.label;
            waiting.push(y * CELLS + x);
          }
        }
      }
    }
  }
  return { labels, marks };
}

// ---- Changes of an image ---------------------------------------------------------------------

// Return 784 levels moved by whole pixels; what comes in at an edge is 0.
export function moveBy(levels, down, right) {
  return eachPixel((row, column) => levelAt(levels, row - down, column - right));
}

// Return 784 levels turned clockwise about the middle, between four pixels by bilinear shares.
export function turn(levels, degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const centre = (SIDE - 1) / 2;
  return eachPixel((row, column) => {
    const [y, x] = [row - centre, column - centre];
    const fromY = centre + y * cosine - x * sine;
    const fromX = centre + x * cosine + y * sine;
    const [top, left] = [Math.floor(fromY), Math.floor(fromX)];
    const [down, right] = [fromY - top, fromX - left];
    return (
      (1 - down) * (1 - right) * levelAt(levels, top, left) +
      (1 - down) * right * levelAt(levels, top, left + 1) +
      down * (1 - right) * levelAt(levels, top + 1, left) +
      down * right * levelAt(levels, top + 1, left + 1)
    );
  });
}

// Return 784 levels with normal noise added; its standard deviation is `amount`, in levels.
//
// The same seed makes the same noise in every browser: twelve even random numbers, whose variance
// is 1/12 each, make a normal one, because Math.log and Math.cos may differ in the last bit.
export function addNoise(levels, amount, seed) {
  const draw = evenNumbers(seed);
  return eachPixel((row, column) => {
    let sum = -6;
    for (let count = 0; count < 12; count++) sum += draw();
    return Math.min(255, Math.max(0, levels[row * SIDE + column] + amount * sum));
  });
}

// Return a function that makes random numbers from 0 to 1 (xorshift, Marsaglia 2003).
function evenNumbers(seed) {
  let state = Math.imul(seed, 0x9e3779b1) ^ 0x2545f491 || 1; // it must not be 0
  const draw = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let count = 0; count < 16; count++) draw(); // near seeds begin alike
  return draw;
}

// Return 784 levels, rounded, of what a function makes of each row and column.
function eachPixel(levelOf) {
  const made = new Uint8Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      made[row * SIDE + column] = Math.round(levelOf(row, column));
    }
  }
  return made;
}

function levelAt(levels, row, column) {
  const isInside = row >= 0 && row < SIDE && column >= 0 && column < SIDE;
  return isInside ? levels[row * SIDE + column] : 0;
}
