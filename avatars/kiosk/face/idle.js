/** @typedef {'idle' | 'listening' | 'thinking' | 'speaking' | 'greeting' | 'sorry' | 'asleep'} Mood */

/**
 * How a mood behaves: seconds per blink, glance and nod (0: none), how far the eyes wander from where they rest, and
 * how much the head sways, in degrees.
 */
const ATTENTIVE = {
  blink: 4.4, glance: 2.3, nod: 0, wander: [0.05, 0.03], rest: [0, 0], sway: [1.6, 1.1, 1.2], breath: 4.0, lids: 0,
};
const MANNERS = {
  idle: { ...ATTENTIVE, blink: 3.6, glance: 2.9, wander: [0.28, 0.09], sway: [3.2, 1.7, 2.0] },
  listening: { ...ATTENTIVE, nod: 4.7 },
  thinking: { ...ATTENTIVE, blink: 3.1, glance: 1.3, wander: [0.1, 0.07], rest: [-0.32, 0.34], sway: [2.2, 1.4, 1.6] },
  speaking: { ...ATTENTIVE, sway: [2.6, 1.6, 1.7] },
  greeting: ATTENTIVE,
  sorry: { ...ATTENTIVE, blink: 3.4 },
  asleep: { ...ATTENTIVE, blink: 7.5, glance: 9, wander: [0.03, 0.02], rest: [0, -0.35], sway: [0.8, 1.2, 1.0],
    breath: 6.2, lids: 0.62 },
};
const BLINK = 1;
const GLANCE = 2;
const NOD = 3;
const SACCADE = 0.06;

/** Life between the sentences: pure functions of a seed and of time. Nothing repeats, any moment can be asked for. */
export class Idle {
  /**
   * @param {number} seed
   * @param {boolean} reducedMotion no sway and no wandering eyes
   */
  constructor(seed, reducedMotion = false) {
    this.seed = seed;
    this.calm = reducedMotion ? 0 : 1;
  }

  /**
   * @param {Mood} mood
   * @param {number} at seconds
   * @returns {{blink: number, gaze: [number, number], nod: number, breath: number, head: [number, number, number]}}
   */
  sample(mood, at) {
    const manner = MANNERS[mood];
    return {
      blink: Math.max(manner.lids, this.#blink(manner, at)),
      gaze: this.#gaze(manner, at),
      nod: manner.nod ? this.calm * this.#nod(manner, at) : 0,
      breath: this.#breath(manner, at),
      head: manner.sway.map((degrees, axis) => this.calm * degrees * this.#drift(axis, at, [7, 9, 12][axis])),
    };
  }

  /** 80 ms to close, 40 ms shut, 200 ms to open; about one in eight is double. */
  #blink({ blink }, at) {
    let most = 0;
    for (const [start, number] of this.#events(BLINK, blink, at)) {
      most = Math.max(most, lid(at - start));
      if (this.#chance(BLINK, number, 1) < 0.12) most = Math.max(most, lid(at - start - 0.32));
    }
    return most;
  }

  #gaze({ glance, wander, rest }, at) {
    const events = this.#events(GLANCE, glance, at).filter(([start]) => start <= at);
    let [x, y] = rest;
    for (const [start, number] of events) {
      const done = ease((at - start) / SACCADE);
      x += (limited(rest[0] + this.calm * wander[0] * this.#normal(number, 2)) - x) * done;
      y += (limited(rest[1] + this.calm * wander[1] * this.#normal(number, 4)) - y) * done;
    }
    return [x, y];
  }

  #nod({ nod }, at) {
    let most = 0;
    for (const [start, number] of this.#events(NOD, nod, at)) {
      if (this.#chance(NOD, number, 1) > 0.6) continue;
      const age = at - start;
      const height = age < 0.26 ? ease(age / 0.18) : 1 - ease((age - 0.26) / 0.38);
      most = Math.max(most, height * (0.2 + 0.2 * this.#chance(NOD, number, 2)));
    }
    return most;
  }

  /** 0 breathed out, 1 breathed in, in shorter than out; no two alike. */
  #breath({ breath }, at) {
    const phase = at / breath + 0.08 * this.#drift(5, at, 11) + (this.seed % 97) / 97;
    const turn = phase - Math.floor(phase);
    return 0.5 - 0.5 * Math.cos(Math.PI * (turn < 0.4 ? turn / 0.4 : 1 + (turn - 0.4) / 0.6));
  }

  /** -1..1: three noises, each a smooth way between heights that are drawn anew in every slot of time. */
  #drift(kind, at, period) {
    let sum = 0;
    [[0.6, 0.5], [0.37, 0.31], [0.21, 0.19]].forEach(([slot, share], octave) => {
      const place = at / (period * slot);
      const number = Math.floor(place);
      const [from, to] = [0, 1].map((next) => 2 * this.#chance(20 + kind, number + next, octave) - 1);
      sum += share * (from + (to - from) * ease(place - number));
    });
    return sum;
  }

  /** The events of this slot and of the two before it, oldest first: `[start, number]`; each in its slot's middle. */
  #events(kind, span, at) {
    const now = Math.floor(at / span);
    return [now - 2, now - 1, now].map((number) => [(number + 0.2 + 0.6 * this.#chance(kind, number, 0)) * span, number]);
  }

  #normal(number, which) {
    const radius = Math.sqrt(-2 * Math.log(1e-6 + this.#chance(GLANCE, number, which)));
    return radius * Math.cos(2 * Math.PI * this.#chance(GLANCE, number, which + 1));
  }

  /** 0..1, always the same for the same seed, kind, number and use. */
  #chance(kind, number, use) {
    let hash = Math.imul(this.seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(kind + 1, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ Math.imul(number, 0x297a2d39);
    hash = Math.imul(hash ^ (hash >>> 12), 0x85ebca6b) ^ Math.imul(use + 1, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  }
}

function lid(age) {
  if (age <= 0 || age >= 0.32) return 0;
  return age < 0.08 ? ease(age / 0.08) : 1 - ease((age - 0.12) / 0.2);
}

function ease(part) {
  const within = Math.max(0, Math.min(1, part));
  return within * within * (3 - 2 * within);
}

function limited(value) {
  return Math.max(-0.6, Math.min(0.6, value));
}
