// Numbers as colours: orange below zero, white at zero, blue above, both ends equally far away.

const LOW = [213, 94, 0], HIGH = [0, 114, 178];

export function rgbOf(value, end) {
  const share = end > 0 ? Math.min(1, Math.abs(value) / end) : 0, full = value < 0 ? LOW : HIGH;
  return full.map(each => Math.round(255 + (each - 255) * share));
}

export function greyOf(value) {
  const level = Math.max(0, Math.min(255, Math.round((value + 1) * 127.5)));
  return [level, level, level];
}

export function cssOf(rgb) {
  return `rgb(${rgb[0]}, ${rgb[1]}, ${rgb[2]})`;
}

// Whether white is easier to read on a colour than black is (WCAG 2, contrast ratio).
export function isDark(rgb) {
  const [red, green, blue] = rgb.map(level => (level <= 10 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue, black = 0;
  return 1.05 / (light + 0.05) > (light + 0.05) / (black + 0.05);
}

// Largest distance from zero: the end of a scale.
export function endOf(values) {
  let end = 0;
  for (let i = 0; i < values.length; i++) end = Math.max(end, Math.abs(values[i]));
  return end;
}

// Draw numbers on a canvas, one pixel each; CSS makes it large, with sharp edges.
export function paint(canvas, values, wide, colour) {
  const high = Math.ceil(values.length / wide);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d"), image = context.createImageData(wide, high);
  for (let i = 0; i < values.length; i++) {
    const [red, green, blue] = colour(values[i]);
    image.data[4 * i] = red;
    image.data[4 * i + 1] = green;
    image.data[4 * i + 2] = blue;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Which maps to draw if there are too many: those whose numbers vary most, in order.
export function liveliest(values, count, size, most) {
  const order = Array.from({ length: count }, (_, map) => map);
  if (count <= most) return order;
  const spread = order.map(map => {
    let sum = 0, squares = 0;
    for (let i = map * size; i < (map + 1) * size; i++) {
      sum += values[i];
      squares += values[i] * values[i];
    }
    return squares / size - (sum / size) ** 2;
  });
  return order.sort((a, b) => spread[b] - spread[a]).slice(0, most).sort((a, b) => a - b);
}
