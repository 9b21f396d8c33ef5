/** @typedef {[number, number, number, number, number, number]} Matrix a b c d e f, as in SVG and CSS */

/** @type {Matrix} */
export const IDENTITY = Object.freeze([1, 0, 0, 1, 0, 0]);

/**
 * First `inner`, then `outer`.
 * @param {Matrix} outer
 * @param {Matrix} inner
 * @returns {Matrix}
 */
export function times(outer, inner) {
  const [a, b, c, d, e, f] = outer;
  const [g, h, i, j, k, l] = inner;
  return [a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f];
}

/**
 * Scaled and turned about a pivot, then moved.
 * @param {[number, number]} pivot
 * @param {{x?: number, y?: number, turn?: number, wide?: number, high?: number}} change degrees clockwise; factors
 * @returns {Matrix}
 */
export function about([px, py], { x = 0, y = 0, turn = 0, wide = 1, high = 1 }) {
  const angle = (turn * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [a, b, c, d] = [cos * wide, sin * wide, -sin * high, cos * high];
  return [a, b, c, d, px + x - a * px - c * py, py + y - b * px - d * py];
}
