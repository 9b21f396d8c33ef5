/**
 * @typedef {{name: string, start: number, attack: number, release: number, end: number, weight: number}} Pose
 *   samples at 24 kHz
 */
/** @typedef {{at: number, x: number, y: number}} Gaze */
/** @typedef {{visemes: Pose[], expressions: Pose[], gestures: Pose[], gaze: Gaze[]}} Cues one part of a sentence */
/**
 * @typedef {object} Frame what the face does at one moment; all weights are 0..1
 * @property {Object<string, number>} visemes OVR names
 * @property {Object<string, number>} expressions labels and `blink`
 * @property {Object<string, number>} gestures
 * @property {Object<string, number>} ages seconds since each gesture began
 * @property {[number, number]} gaze -1..1, x to the visitor's right, y up
 * @property {[number, number, number]} head degrees of yaw, pitch and roll besides the gestures'
 * @property {number} breath
 */

const RATE = 24000;
const SACCADE = (RATE * 60) / 1000;
const SHAKE_HZ = 1.8;
const NO_PARTS = Object.freeze([]);

/** From cues to ARKit-52 and the head's angles: `avatars/rig.py`, with its tables (`avatars/rig.json`). */
export class Rig {
  /** @param {object} tables what `avatars.pack.rig_json` wrote */
  constructor(tables) {
    this.arkitNames = tables.arkit;
    this.visemes = sided(tables.arkit_visemes);
    this.expressions = sided(tables.arkit_expressions);
    this.opening = new Set(tables.opening.flatMap(bothSides));
    this.heads = tables.head;
    this.visemeNames = tables.visemes;
  }

  /**
   * @param {Cues[]} cues the parts of one sentence, in order
   * @param {number} at a sample of the sentence's clock
   * @returns {Frame}
   */
  sample(cues, at) {
    const frame = emptyFrame();
    const targets = [];
    for (const part of cues) {
      add(frame.visemes, part.visemes, at);
      add(frame.expressions, part.expressions, at);
      add(frame.gestures, part.gestures, at);
      for (const pose of part.gestures ?? NO_PARTS) {
        if (pose.start < at && at < pose.end) frame.ages[pose.name] = (at - pose.start) / RATE;
      }
      for (const gaze of part.gaze ?? NO_PARTS) if (gaze.at <= at) targets.push(gaze);
    }
    frame.gaze = gazeAt(targets, at);
    return frame;
  }

  /**
   * @param {Frame} frame
   * @returns {Object<string, number>} all 52, 0..1
   */
  arkit(frame) {
    const weights = Object.fromEntries(this.arkitNames.map((name) => [name, 0]));
    mix(weights, this.visemes, frame.visemes);
    const quiet = 1 - speaking(frame);
    for (const [label, now] of Object.entries(frame.expressions)) {
      for (const [name, amount] of this.expressions[label] ?? NO_PARTS) {
        weights[name] += now * amount * (this.opening.has(name) ? quiet : 1);
      }
    }
    look(weights, frame.gaze);
    weights.mouthShrugUpper += 0.4 * (frame.gestures.shrug ?? 0);
    const open = 1 - (frame.expressions.blink ?? 0);
    weights.eyeWideLeft *= open;
    weights.eyeWideRight *= open;
    for (const name of this.arkitNames) weights[name] = clamp(weights[name], 0, 1);
    return weights;
  }

  /**
   * @param {Frame} frame
   * @returns {[number, number, number]} yaw, pitch and roll in degrees, each within 30
   */
  head(frame) {
    const angles = [...frame.head];
    for (const [name, now] of Object.entries(frame.gestures)) {
      const swing = name === 'shake' ? Math.sin(2 * Math.PI * SHAKE_HZ * (frame.ages[name] ?? 0.1)) : 1;
      (this.heads[name] ?? NO_PARTS).forEach((degrees, axis) => { angles[axis] += now * degrees * swing; });
    }
    return angles.map((angle) => clamp(angle, -30, 30));
  }
}

/** @returns {Frame} a face at rest */
export function emptyFrame() {
  return { visemes: {}, expressions: {}, gestures: {}, ages: {}, gaze: [0, 0], head: [0, 0, 0], breath: 0 };
}

/**
 * Of a pose at a sample: a trapezoid.
 * @param {Pose} pose
 * @param {number} at
 */
export function weight(pose, at) {
  if (!(pose.start < at && at < pose.end)) return pose.attack <= at && at <= pose.release ? pose.weight : 0;
  if (at < pose.attack) return (pose.weight * (at - pose.start)) / (pose.attack - pose.start);
  if (at > pose.release) return (pose.weight * (pose.end - at)) / (pose.end - pose.release);
  return pose.weight;
}

function add(total, poses, at) {
  for (const pose of poses ?? NO_PARTS) {
    const now = weight(pose, at);
    if (now > 0) total[pose.name] = Math.min(1, (total[pose.name] ?? 0) + now);
  }
}

function gazeAt(targets, at) {
  let [x, y] = [0, 0];
  targets.sort((one, other) => one.at - other.at);
  for (const target of targets) {
    const done = Math.min(1, (at - target.at) / SACCADE);
    x += (target.x - x) * done;
    y += (target.y - y) * done;
  }
  return [x, y];
}

function mix(weights, table, amounts) {
  for (const [label, now] of Object.entries(amounts)) {
    for (const [name, amount] of table[label] ?? NO_PARTS) weights[name] += now * amount;
  }
}

function speaking(frame) {
  let sum = 0;
  for (const [name, now] of Object.entries(frame.visemes)) if (name !== 'sil') sum += now;
  return Math.min(1, sum);
}

/** The visitor's right is the avatar's left. */
function look(weights, [x, y]) {
  for (const [side, outwards] of [['Left', x], ['Right', -x]]) {
    weights[`eyeLookOut${side}`] += Math.max(outwards, 0);
    weights[`eyeLookIn${side}`] += Math.max(-outwards, 0);
    weights[`eyeLookUp${side}`] += Math.max(y, 0);
    weights[`eyeLookDown${side}`] += Math.max(-y, 0);
  }
}

/** `mouthSmile~` is both sides of it. */
function bothSides(name) {
  return name.includes('~') ? [name.replace('~', 'Left'), name.replace('~', 'Right')] : [name];
}

function sided(table) {
  const pairs = (shape) => Object.entries(shape).flatMap(([name, amount]) => bothSides(name).map((one) => [one, amount]));
  return Object.fromEntries(Object.entries(table).map(([label, shape]) => [label, pairs(shape)]));
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
