// What tests/system/test_face.py asks of the face, in the page.
import { Actor } from '/kiosk/face/actor.js';
import { Face } from '/kiosk/face/face.js';
import { Idle } from '/kiosk/face/idle.js';
import { Pack } from '/kiosk/face/pack.js';
import { Rig, emptyFrame } from '/kiosk/face/rig.js';

const rig = new Rig(await (await fetch('/avatars/rig.json')).json());
const pack = await Pack.load('/avatars/mei');
const outline = await faceOutline();
const WIDE = 640;
const HIGH = 560;
const MOUTH = [-80, 60, 160, 140];
let face = null;

/** A face in the page's only box, framed on its mouth. */
export function stand() {
  const box = document.createElement('div');
  Object.assign(box.style, { position: 'fixed', left: '0', top: '0', width: `${WIDE}px`, height: `${HIGH}px` });
  document.body.replaceChildren(box);
  face = new Face(pack, box, { background: false });
  box.append(face.stage);
  face.frameOn(MOUTH, WIDE, HIGH);
  return Promise.all(face.layers.map((layer) => layer.ready()));
}

/** @param {object} parts of a frame */
export function show(parts) {
  const frame = { ...emptyFrame(), ...parts };
  const [yaw, pitch, roll] = rig.head(frame);
  face.draw({ arkit: { ...rig.arkit(frame), ...parts.arkit }, head: { yaw, pitch, roll }, gestures: frame.gestures });
}

/** Everything that is wrong with the shapes of one picture; see `sweep`. */
function faults() {
  const { curves } = face.mouth;
  const found = [];
  for (const layer of face.layers.filter((one) => one.motion)) {
    const [x, y, wide, high] = layer.facts.box;
    for (const [name, points] of Object.entries(layer.motion.curves)) {
      for (let at = 0; at < points.length; at += 2) {
        if (!Number.isFinite(points[at] + points[at + 1])) found.push(`${name} is no number`);
        const [across, down] = [points[at] - x, points[at + 1] - y];
        if (Math.min(across, down, wide - across, high - down) < 1) found.push(`${name} leaves its picture at ${across} ${down}`);
      }
    }
  }
  const [top, inTop, inBottom, bottom] = ['lip-top', 'mouth-top', 'mouth-bottom', 'lip-bottom'].map((name) => spline(curves[name]));
  const lips = [...top, ...bottom.toReversed()];
  inTop.forEach(([x, y], at) => {
    if (y > inBottom[at][1] + 0.15) found.push(`inner lips cross by ${(y - inBottom[at][1]).toFixed(2)} at ${x.toFixed(0)}`);
  });
  for (const point of [...inTop, ...inBottom]) {
    const out = outside(point, lips);
    if (out > 0.4) found.push(`the mouth is ${out.toFixed(2)} outside the lips at ${point.map(Math.round)}`);
  }
  const stretch = 1 + 0.19 * (face.pose.arkit.jawOpen ?? 0);
  for (const [x, y] of lips) {
    if (outside([x, 76 + (y - 76) / stretch], outline) > 0) found.push(`lips leave the face at ${x} ${y}`);
  }
  return [...found, ...eyeFaults()];
}

function eyeFaults() {
  const found = [];
  const { motion } = face.layers.find((layer) => layer.facts.id === 'eyes');
  for (const [mark, side] of [['r', 'Left'], ['l', 'Right']]) {
    const [upper, lower] = [`upper-${mark}`, `lower-${mark}`].map((name) => spline(motion.curves[name]));
    const gaps = upper.map(([, y], at) => lower[at][1] - y);
    if (Math.min(...gaps) < -0.15) found.push(`lids cross by ${Math.min(...gaps).toFixed(2)}`);
    const most = Math.max(...gaps);
    if (face.pose.arkit[`eyeBlink${side}`] > 0.999 && most > 0.6) found.push(`a shut eye is ${most.toFixed(2)} open`);
  }
  return found;
}

/**
 * Draws every viseme with every expression at three strengths, and many blends of all of it.
 * @param {number} blends
 * @returns {{drawn: number, faults: string[]}}
 */
export function sweep(blends) {
  const { expressions } = pack.facts;
  const found = [];
  let drawn = 0;
  const look = (parts) => {
    show(parts);
    drawn += 1;
    for (const fault of faults()) found.push(`${JSON.stringify(parts)}: ${fault}`);
  };
  for (const viseme of rig.visemeNames) {
    for (const expression of expressions) {
      for (const strength of [0.33, 0.66, 1]) {
        for (const blink of [0, 1]) look({ visemes: { [viseme]: 1 }, expressions: { [expression]: strength, blink } });
      }
    }
  }
  let state = 7;
  const chance = () => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 2 ** 32; };
  const pick = (list) => list[Math.floor(chance() * list.length)];
  for (let at = 0; at < blends; at += 1) {
    const share = chance();
    const visemes = { [pick(rig.visemeNames)]: share };
    visemes[pick(rig.visemeNames)] = 1 - share;
    const felt = { [pick(expressions)]: chance(), blink: chance() < 0.5 ? 0 : chance() };
    felt[pick(expressions)] = chance();
    look({ visemes, expressions: felt, gaze: [2 * chance() - 1, 2 * chance() - 1] });
  }
  return { drawn, faults: found };
}

/** Lips as last drawn, in pixels of the screenshot. */
export function lips() {
  const [top, bottom] = ['lip-top', 'lip-bottom'].map((name) => spline(face.mouth.curves[name]));
  const [left, up] = face.origin;
  return [...top, ...bottom.toReversed()].map(([x, y]) => [(x - left) * face.scale, (y - up) * face.scale]);
}

/**
 * @param {string} url of a screenshot
 * @returns {Promise<Uint8ClampedArray>}
 */
async function pixels(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return painted((context) => context.drawImage(image, 0, 0));
}

function painted(paint) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [WIDE, HIGH];
  const context = canvas.getContext('2d');
  paint(context);
  return context.getImageData(0, 0, WIDE, HIGH).data;
}

function within(...shapes) {
  return painted((context) => shapes.forEach((shape) => {
    context.beginPath();
    shape.forEach(([x, y]) => context.lineTo(x, y));
    context.fill();
  }));
}

/**
 * Of the pixels of both mouths together, how many differ clearly.
 * @param {{url: string, lips: number[][]}[]} pictures
 * @returns {Promise<number[][]>}
 */
export async function differences(pictures) {
  const all = await Promise.all(pictures.map(async (one) => ({ data: await pixels(one.url), lips: one.lips })));
  return all.map((one) => all.map((other) => {
    const mask = within(one.lips, other.lips);
    let [many, changed] = [0, 0];
    for (let at = 0; at < mask.length; at += 4) {
      if (mask[at + 3] < 128) continue;
      many += 1;
      const step = [0, 1, 2].reduce((most, part) => Math.max(most, Math.abs(one.data[at + part] - other.data[at + part])), 0);
      if (step > 32) changed += 1;
    }
    return changed / many;
  }));
}

/**
 * The share of the lips' pixels (3 px inside their outline) that are skin, teeth or the dark of the mouth.
 * @param {string} url
 * @param {number[][]} shape
 */
export async function strange(url, shape) {
  const data = await pixels(url);
  const mask = within(shape);
  let [many, odd] = [0, 0];
  for (let at = 0; at < mask.length; at += 4) {
    const near = [-3, 3, -3 * WIDE, 3 * WIDE].every((step) => mask[at + 4 * step + 3] > 128);
    if (!near) continue;
    many += 1;
    const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
    const skin = green > 196 && blue > 168 && red - blue < 76;
    if (skin || red < 70) odd += 1;
  }
  return odd / many;
}

/** Ten times a second: lids, gaze and head of a mood. */
export function life(mood, seconds) {
  const idle = new Idle(11);
  return Array.from({ length: seconds * 10 }, (_, at) => {
    const { blink, gaze, head } = idle.sample(mood, at / 10);
    return [blink, ...gaze, ...head];
  });
}

/** Plays for `frames` frames: the whole page, as the kiosk does it. */
export async function play(cues, frames) {
  const box = document.createElement('div');
  Object.assign(box.style, { position: 'fixed', inset: '0' });
  document.body.replaceChildren(box);
  const whole = await Face.load('/avatars/mei', box);
  const actor = new Actor(whole, rig, { seed: 3 });
  actor.mood('speaking');
  const span = Math.max(...cues.map((part) => part.start + part.samples));
  const openings = [];
  await new Promise((done) => {
    const step = (now) => {
      actor.frame(now / 1000, { cues, sample: (now * 24) % span, level: 0.5 });
      openings.push(whole.opening);
      if (openings.length < frames) requestAnimationFrame(step);
      else done();
    };
    requestAnimationFrame(step);
  });
  return openings;
}

function spline(points) {
  const last = points.length / 2 - 1;
  const at = (index, axis) => points[2 * Math.max(0, Math.min(last, index)) + axis];
  const result = [];
  for (let index = 0; index < last; index += 1) {
    for (let part = 0; part < 8; part += 1) {
      const t = part / 8;
      result.push([0, 1].map((axis) => {
        const [a, b, c, d] = [-1, 0, 1, 2].map((step) => at(index + step, axis));
        return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t ** 3);
      }));
    }
  }
  return [...result, [at(last, 0), at(last, 1)]];
}

/** How far a point lies outside a polygon; 0 within. */
function outside([x, y], polygon) {
  let inside = false;
  let nearest = Infinity;
  polygon.forEach(([x1, y1], index) => {
    const [x2, y2] = polygon[(index + 1) % polygon.length];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
    const length = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
    const t = Math.max(0, Math.min(1, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length));
    nearest = Math.min(nearest, Math.hypot(x - x1 - t * (x2 - x1), y - y1 - t * (y2 - y1)));
  });
  return inside ? 0 : nearest;
}

/** Of the head, from the clip path of its picture. */
async function faceOutline() {
  const text = await (await fetch('/avatars/mei/art/face.svg')).text();
  const path = new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('#face path');
  const svg = document.importNode(path, true);
  const step = svg.getTotalLength() / 200;
  return Array.from({ length: 200 }, (_, at) => svg.getPointAtLength(step * at)).map(({ x, y }) => [x, y]);
}
