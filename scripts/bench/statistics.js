/**
 * Some measurements, in one line: the middle one, the quartiles around it, the least and the greatest.
 * @typedef {{ median: number, lower: number, upper: number, min: number, max: number, values: number[] }} Summary
 */

/** The middle one of some numbers, the upper one of two. */
export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

/** @param {readonly number[]} numbers at least one @returns {Summary} */
export function summary(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(sorted, part));
  const values = numbers.map(rounded);
  return { median: middle, lower: low, upper: high, min: rounded(sorted[0]), max: rounded(sorted.at(-1)), values };
}

function quantile(sorted, part) {
  const at = (sorted.length - 1) * part;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return rounded(below + (above - below) * (at - Math.floor(at)));
}

/** To a microsecond, in milliseconds. */
function rounded(ms) {
  return Math.round(ms * 1000) / 1000;
}
