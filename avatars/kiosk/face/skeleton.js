import { IDENTITY, about, times } from './matrix.js';
import { Spring } from './spring.js';

/** @typedef {import('./matrix.js').Matrix} Matrix */

const RADIANS = Math.PI / 180;
/** A flat drawing shows a nod sooner than a turn: the chin cannot go behind the face. */
const NOD = 0.62;
const NONE = Object.freeze({});

/** Where each layer of a pack is for a pose: chest, neck and head are bones, and depth makes the head turn. */
export class Skeleton {
  /**
   * @param {object} pack `avatar.json`
   * @param {boolean} still no springs: the visitor asked for less motion
   */
  constructor(pack, still) {
    this.bones = pack.bones;
    this.gestures = pack.gestures;
    this.still = still;
    this.chest = new Spring(0.9, 0.9);
    this.lags = new Map();
    for (const layer of pack.layers) if (layer.lag) this.lags.set(layer.id, new Spring(layer.lag.hz, layer.lag.damping));
    this.angles = [0, 0, 0];
  }

  /**
   * To be called once a frame, before `matrix`.
   * @param {object} pose see `Face.draw`
   * @param {number} seconds since the last one
   */
  step(pose, seconds) {
    const first = !this.pose;
    const { yaw = 0, pitch = 0, roll = 0 } = pose.head ?? NONE;
    this.pose = pose;
    this.angles = [yaw, pitch, roll];
    const leaning = 0.22 * yaw + 0.5 * roll;
    this.lean = this.still ? 0 : follow(this.chest, leaning, seconds, first);
    for (const spring of this.lags.values()) follow(spring, roll + 0.8 * yaw, seconds, first);
    this.moved = this.#gestured();
    const chest = this.#chest(pose.breath ?? 0);
    const head = times(chest, about(this.bones.head.pivot, this.#headShift(1)));
    this.matrices = { still: IDENTITY, chest, neck: times(chest, about(this.bones.head.pivot, this.#headShift(0.45))), head };
  }

  /**
   * @param {object} layer
   * @returns {Matrix}
   */
  matrix(layer) {
    const bone = this.matrices[layer.bone];
    const change = layer.bone === 'head' ? this.#turned(layer) : { ...(this.moved.get(layer.id) ?? NONE) };
    const spring = this.lags.get(layer.id);
    if (spring && !this.still) {
      const ahead = this.angles[2] + 0.8 * this.angles[0];
      change.turn = (change.turn ?? 0) + layer.lag.turn * (spring.value - ahead);
    }
    if (layer.jaw) change.high = (change.high ?? 1) * (1 + layer.jaw * (this.pose.arkit?.jawOpen ?? 0));
    return times(bone, about(layer.pivot, change));
  }

  /** @param {string} id of a layer that a gesture may bring in */
  shown(id) {
    return this.moved.has(id);
  }

  /** Only moved, unless a gesture does more: a layer that neither turns nor grows is drawn in a third of the time. */
  #chest(breath) {
    const moved = this.moved.get('chest') ?? NONE;
    return about(this.bones.chest.pivot, {
      x: this.lean * 1.1 + (moved.x ?? 0),
      y: (this.still ? -1.6 : -4) * breath + (moved.y ?? 0),
      turn: moved.turn ?? 0,
      wide: 1 + (moved.grow ?? 0),
      high: 1 + (moved.grow ?? 0),
    });
  }

  #headShift(part) {
    const [yaw, pitch, roll] = this.angles;
    const { slide, dip } = this.bones.head;
    return { x: part * slide * Math.sin(yaw * RADIANS), y: -part * dip * Math.sin(pitch * RADIANS), turn: part * roll };
  }

  /** A point at `depth` before the head's axis goes with the turn, and what is seen from the side is narrower. */
  #turned(layer) {
    const [yaw, pitch] = this.angles;
    return {
      x: layer.depth * Math.sin(yaw * RADIANS),
      y: -layer.depth * NOD * Math.sin(pitch * RADIANS),
      wide: 1 - (1 - Math.cos(yaw * RADIANS)) * layer.foreshorten,
      high: 1 - (1 - Math.cos(pitch * RADIANS)) * layer.foreshorten,
    };
  }

  /** @returns {Map<string, object>} by layer or bone: the moves of all gestures at their weights */
  #gestured() {
    const moved = new Map();
    for (const [name, weight] of Object.entries(this.pose.gestures ?? NONE)) {
      if (weight < 0.003) continue;
      for (const part of this.gestures[name] ?? []) merge(moved, part, weight, this.pose.ages?.[name] ?? 0);
    }
    return moved;
  }
}

/** The first picture is one at rest. */
function follow(spring, target, seconds, first) {
  if (first) spring.value = target;
  return spring.step(target, seconds);
}

/** From `rest` at 0 to `held` at 1, softly; `swing` turns it to and fro. */
function merge(moved, part, weight, age) {
  const eased = weight * weight * (3 - 2 * weight);
  const sum = moved.get(part.target) ?? {};
  for (const axis of ['x', 'y', 'turn', 'grow']) {
    const [from, to] = [part.rest?.[axis] ?? 0, part.held?.[axis] ?? 0];
    sum[axis] = (sum[axis] ?? 0) + from + (to - from) * eased;
  }
  if (part.swing) sum.turn += eased * part.swing.turn * Math.sin(2 * Math.PI * part.swing.hz * age);
  moved.set(part.target, sum);
}
