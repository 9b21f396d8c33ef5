/** Shapes of feelings, 24 by 24: never by colour alone. */
const SHAPES = {
  happy: 'M4 10a8 8 0 0 0 16 0',
  sad: 'M4 16a8 8 0 0 1 16 0',
  angry: 'M4 6l8 6 8-6M4 14l8 6 8-6',
  fearful: 'M2 12c2-6 4-6 6 0s4 6 6 0 4-6 8 0',
  disgusted: 'M4 8l4 8 4-8 4 8 4-8',
  surprised: 'M12 4a8 8 0 1 0 .01 0zM12 9v6',
};
/** Below this nothing is said about a feeling: a wrong guess is an offence. */
const SURE = 0.4;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {{label: string, confidence: number}} feeling
 * @returns {boolean} whether it is clear enough to be shown
 */
export function clear({ label, confidence }) {
  return label in SHAPES && confidence >= SURE;
}

/**
 * @param {string} label
 * @returns {SVGElement} its shape, not read aloud
 */
export function shape(label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', SHAPES[label]);
  svg.append(path);
  return svg;
}
