/** Elements and outlines. All text goes in as text, so that nothing that was recorded becomes markup. */

function make(tag, kind = "", text = "") {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  if (text) element.textContent = text;
  return element;
}

/** A label in both languages. */
function both(chinese, english) {
  const label = document.createDocumentFragment();
  for (const [language, text] of [["zh", chinese], ["en", english]]) {
    const span = make("span", "", text);
    span.lang = language;
    label.append(span);
  }
  return label;
}

function drawing(kind, width, height, paths) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", kind);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, outline] of paths) {
    const path = document.createElementNS(space, "path");
    if (name) path.setAttribute("class", name);
    path.setAttribute("d", outline);
    svg.append(path);
  }
  return svg;
}

/** The bytes of a track: one for each 20 ms. */
function bytes(text) {
  const raw = atob(text);
  const found = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) found[at] = raw.charCodeAt(at);
  return found;
}

const STEP = 20;

/** The loudest of each of `count` pieces of the track between two times (ms), 0 to 1. */
function levels(track, start, end, count) {
  const found = new Float32Array(count);
  const each = (end - start) / STEP / count;
  for (let bucket = 0; bucket < count; bucket++) {
    const first = Math.max(0, Math.floor(start / STEP + bucket * each));
    const last = Math.min(track.length, Math.max(first + 1, Math.ceil(start / STEP + (bucket + 1) * each)));
    for (let at = first; at < last; at++) found[bucket] = Math.max(found[bucket], track[at] / 255);
  }
  return found;
}

/** How many pieces are worth drawing. */
function pieces(start, end, most) {
  return Math.max(1, Math.min(most, Math.round((end - start) / STEP)));
}

/** A mirrored outline. */
function wave(track, start, end, kind, most = 500) {
  const found = levels(track, start, end, pieces(start, end, most));
  const top = Array.from(found, (level, at) => `${at} ${(20 - 19 * level).toFixed(1)}`);
  const bottom = Array.from(found, (level, at) => `${at} ${(20 + 19 * level).toFixed(1)}`).reverse();
  return drawing(`wave ${kind}`, Math.max(1, found.length - 1), 40, [["", `M${top.join("L")}L${bottom.join("L")}Z`]]);
}

/** A curve with its area. */
function curve(track, start, end, kind, most = 500) {
  const found = levels(track, start, end, pieces(start, end, most));
  const points = Array.from(found, (level, at) => `${at} ${(39 - 37 * level).toFixed(1)}`).join("L");
  const width = Math.max(1, found.length - 1);
  return drawing(kind, width, 40, [["area", `M0 40L${points}L${width} 40Z`], ["line", `M${points}`]]);
}

/** Mouth shapes as hills, one outline a colour: up to `attack`, level to `release`, gone at `end`. */
function hills(poses, mouths, start, end) {
  const outlines = new Map();
  for (const [shape, ...rest] of poses) {
    const group = mouths[shape]?.[1];
    if (!group) continue;
    const weight = rest.pop();
    const [a, b, c, d] = rest.map((at) => Math.max(0, Math.min(end - start, at - start)));
    const height = 39 - 0.35 * weight;
    outlines.set(group, `${outlines.get(group) ?? ""}M${a} 39L${b} ${height}L${c} ${height}L${d} 39Z`);
  }
  return drawing("mouth", end - start, 40, [...outlines].map(([group, outline]) => [`m-${group}`, outline]));
}

