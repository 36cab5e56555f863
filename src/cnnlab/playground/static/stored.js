// What the page carries as text, made bytes again: see as_text and shorten in payload.py.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";

// Bytes are stored in base 85: five characters, the first counts most, are four bytes.
export function unpack(text) {
  const bytes = new Uint8Array(Math.ceil(text.length / 5) * 4);
  for (let i = 0; i < text.length; i += 5) {
    let value = 0;
    for (let k = i; k < i + 5; k++) value = value * 85 + (k < text.length ? DIGITS.indexOf(text[k]) : 84);
    for (let k = 3; k >= 0; k--, value >>>= 8) bytes[i / 5 * 4 + k] = value & 255;
  }
  return bytes.subarray(0, Math.floor(text.length * 4 / 5));
}

// Zeros are stored as 0 and how many.
export function lengthen(bytes) {
  const levels = [];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]) levels.push(bytes[i]);
    else for (let count = bytes[++i]; count > 0; count--) levels.push(0);
  }
  return Uint8Array.from(levels);
}
