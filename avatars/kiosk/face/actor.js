import { Idle } from './idle.js';
import { emptyFrame } from './rig.js';

/** @typedef {import('./idle.js').Mood} Mood */
/** @typedef {import('./rig.js').Frame} Frame */

/**
 * What a mood adds to the face: expressions, single ARKit weights, degrees of the head, and a gesture that is made
 * when the mood begins (`span` seconds; endless where it is 0).
 */
const MOODS = {
  idle: { expressions: { happy: 0.2 } },
  listening: { expressions: { happy: 0.16 }, head: [0, -1, 3],
    arkit: { browInnerUp: 0.1, browOuterUpLeft: 0.08, browOuterUpRight: 0.08 } },
  thinking: { expressions: {}, arkit: { browDownLeft: 0.12, browOuterUpRight: 0.2, mouthPressLeft: 0.15, mouthPressRight: 0.15 },
    gesture: { name: 'think', span: 0, weight: 1 } },
  speaking: { expressions: { happy: 0.16 } },
  greeting: { expressions: { happy: 0.75 }, gesture: { name: 'wave', span: 2.4, weight: 1 } },
  sorry: { expressions: { sad: 0.5 }, head: [0, -3, 3], gesture: { name: 'bow', span: 1.9, weight: 0.6 } },
  asleep: { expressions: {}, head: [0, -5, 2] },
};
const BLEND = 0.28;
const EYES = 0.09;
const NECK = 0.45;
const AFTERGLOW = 1.1;

/** Brings the parts together: a mood's life, the visitor's place, and the cues of what is said now. */
export class Actor {
  /**
   * @param {import('./face.js').Face} face
   * @param {import('./rig.js').Rig} rig
   * @param {{seed?: number, reducedMotion?: boolean}} [options]
   */
  constructor(face, rig, { seed = 1, reducedMotion = false } = {}) {
    this.face = face;
    this.rig = rig;
    this.idle = new Idle(seed, reducedMotion);
    this.calm = reducedMotion ? 0.4 : 1;
    this.weights = Object.fromEntries(Object.keys(MOODS).map((name) => [name, name === 'idle' ? 1 : 0]));
    this.since = {};
    this.eyes = [0, 0];
    this.neck = [0, 0];
    this.glow = {};
    this.jaw = 0;
    this.now = null;
    this.mood('idle');
  }

  /** @param {Mood} name */
  mood(name) {
    if (!(name in MOODS)) throw new Error(`no mood ${name}: one of ${Object.keys(MOODS).join(', ')}`);
    if (this.current !== name) this.since[name] = this.now;
    this.current = name;
  }

  /** @param {{x: number, y: number} | null} target -1..1 on the screen, x to the right, y up; null: nobody is there */
  attend(target) {
    this.target = target;
  }

  /**
   * Draws the face.
   * @param {number} seconds a time that only grows
   * @param {{cues: object[], sample: number, level: number} | null} [playing] the sentence that sounds; `level` opens the jaw
   * where there are no cues
   * @returns {object} the pose drawn
   */
  frame(seconds, playing = null) {
    const passed = this.now === null ? 0 : Math.max(0, seconds - this.now);
    this.now = seconds;
    this.since[this.current] ??= seconds;
    this.#blend(passed);
    const frame = playing?.cues?.length ? this.rig.sample(playing.cues, playing.sample) : emptyFrame();
    const arkit = {};
    if (playing && !playing.cues?.length) this.#loud(frame, playing.level ?? 0, passed);
    else this.jaw = 0;
    this.#remember(frame, passed);
    this.#live(frame, arkit, seconds, blinks(playing));
    this.#turn(frame, passed);
    const pose = this.#pose(frame, arkit, seconds);
    this.face.draw(pose);
    return pose;
  }

  #blend(passed) {
    const step = 1 - Math.exp(-passed / BLEND);
    for (const name of Object.keys(this.weights)) {
      this.weights[name] += ((name === this.current ? 1 : 0) - this.weights[name]) * step;
      if (this.weights[name] < 0.002) this.weights[name] = 0;
    }
  }

  /** A sound without cues: the louder, the wider. */
  #loud(frame, level, passed) {
    this.jaw += (Math.min(1, level) - this.jaw) * (1 - Math.exp(-passed / 0.05));
    const round = 0.5 + 0.5 * Math.sin(this.now * 5.1) * Math.sin(this.now * 3.3);
    frame.visemes = { aa: this.jaw * (1 - 0.5 * round), oh: this.jaw * 0.5 * round };
  }

  /** What a sentence felt stays a while on the face. */
  #remember(frame, passed) {
    const fade = Math.exp(-passed / AFTERGLOW);
    for (const label of Object.keys(this.glow)) this.glow[label] *= fade;
    for (const [label, now] of Object.entries(frame.expressions)) {
      if (label !== 'blink') this.glow[label] = Math.max(this.glow[label] ?? 0, 0.6 * now);
    }
    for (const [label, left] of Object.entries(this.glow)) {
      if (left < 0.01) delete this.glow[label];
      else frame.expressions[label] = Math.max(frame.expressions[label] ?? 0, left);
    }
  }

  #live(frame, arkit, seconds, blinking) {
    const felt = Math.max(0, ...Object.entries(frame.expressions).map(([label, now]) => (label === 'blink' ? 0 : now)));
    let [gx, gy, blink, nod] = [0, 0, 0, 0];
    for (const [name, share] of Object.entries(this.weights)) {
      if (!share) continue;
      const life = this.idle.sample(name, seconds);
      blink += share * life.blink;
      nod += share * life.nod;
      frame.breath += share * life.breath;
      gx += share * life.gaze[0];
      gy += share * life.gaze[1];
      life.head.forEach((degrees, axis) => { frame.head[axis] += share * degrees; });
      this.#show(frame, arkit, name, share, 1 - felt);
    }
    if (!blinking) frame.expressions.blink = Math.max(frame.expressions.blink ?? 0, blink);
    frame.gestures.nod = Math.min(1, (frame.gestures.nod ?? 0) + nod);
    frame.gaze = [frame.gaze[0] + gx, frame.gaze[1] + gy];
  }

  #show(frame, arkit, name, share, room) {
    const { expressions, arkit: own = {}, head = [0, 0, 0], gesture } = MOODS[name];
    for (const [label, now] of Object.entries(expressions)) {
      frame.expressions[label] = Math.min(1, (frame.expressions[label] ?? 0) + share * now * room);
    }
    for (const [key, now] of Object.entries(own)) arkit[key] = (arkit[key] ?? 0) + share * now;
    head.forEach((degrees, axis) => { frame.head[axis] += share * degrees; });
    if (gesture) this.#gesture(frame, gesture, this.now - (this.since[name] ?? this.now), share);
  }

  /** Comes, holds and goes; one without a span lasts as long as its mood. */
  #gesture(frame, { name, span, weight }, age, share) {
    const comes = Math.min(1, age / 0.45);
    const goes = span ? Math.max(0, Math.min(1, (span - age) / 0.5)) : 1;
    const now = weight * share * Math.min(comes, goes);
    if (now <= 0) return;
    frame.gestures[name] = Math.max(frame.gestures[name] ?? 0, now);
    frame.ages[name] ??= age;
  }

  /** The eyes go first, the head comes after them; what the head turned the eyes need not. */
  #turn(frame, passed) {
    const there = [this.target?.x ?? 0, this.target?.y ?? 0];
    for (const axis of [0, 1]) {
      this.eyes[axis] += (there[axis] - this.eyes[axis]) * (1 - Math.exp(-passed / EYES));
      this.neck[axis] += (there[axis] - this.neck[axis]) * (1 - Math.exp(-passed / NECK));
      const ahead = 0.85 * this.eyes[axis] - 0.4 * this.neck[axis];
      frame.gaze[axis] = Math.max(-1, Math.min(1, frame.gaze[axis] + ahead));
    }
    frame.head[0] += 11 * this.calm * this.neck[0];
    frame.head[1] += 6 * this.calm * this.neck[1];
  }

  #pose(frame, own, seconds) {
    const arkit = this.rig.arkit(frame);
    for (const [key, now] of Object.entries(own)) arkit[key] = Math.min(1, arkit[key] + now);
    const [yaw, pitch, roll] = this.rig.head(frame);
    return { arkit, head: { yaw, pitch, roll }, breath: frame.breath, gestures: frame.gestures, ages: frame.ages, at: seconds };
  }
}

function blinks(playing) {
  return Boolean(playing?.cues?.some((part) => part.expressions?.some((pose) => pose.name === 'blink')));
}
