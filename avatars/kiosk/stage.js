/** Seconds that she looks at where a finger was. */
const GLANCE = 2.5;

/** The face in its box: loaded, sized and drawn. It goes on without one. */
export class Stage {
  #box;
  /** @type {any} */
  #face = null;
  /** @type {any} */
  #actor = null;
  #loading = '';
  #calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  /** Asked for before it is known whose face it will be. */
  #parts = parts();
  #mood = 'idle';
  #looking = { until: 0, at: { x: 0, y: 0 } };

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#box = box;
    new ResizeObserver(() => this.#face?.resize()).observe(box);
    document.addEventListener('pointerdown', (event) => this.#glance(event));
  }

  /**
   * @param {string} name of the pack
   * @returns {Promise<void>} it fails where the pack cannot be shown
   */
  async load(name) {
    if (this.#loading === name) return;
    this.#loading = name;
    try {
      await this.#dress(name);
    } catch (error) {
      // The next welcome tries again.
      this.#loading = '';
      this.#parts = parts();
      throw error;
    }
  }

  async #dress(name) {
    const [{ Face }, { Rig }, { Actor }, tables] = await this.#parts;
    const reducedMotion = this.#calm;
    this.#box.replaceChildren();
    this.#face = await Face.load(`avatars/${name}`, this.#box, { reducedMotion });
    this.#actor = new Actor(this.#face, new Rig(tables), { seed: Math.floor(performance.now()), reducedMotion });
    this.#actor.mood(this.#mood);
  }

  /** @param {string} mood */
  mood(mood) {
    if (mood === this.#mood) return;
    this.#mood = mood;
    this.#actor?.mood(mood);
  }

  get currentMood() {
    return this.#mood;
  }

  /** Whether there is a face. */
  get shown() {
    return this.#actor !== null;
  }

  /** Of the mouth as last drawn, 0..1. */
  get opening() {
    return this.#face?.opening ?? 0;
  }

  /**
   * Draw a frame.
   * @param {number} seconds that only grow
   * @param {boolean} somebody is there to be looked at
   * @param {import('./playback.js').Now | null} now what is heard
   */
  frame(seconds, somebody, now) {
    if (!this.#actor) return;
    const looking = performance.now() / 1000 < this.#looking.until;
    this.#actor.attend(somebody ? (looking ? this.#looking.at : { x: 0, y: 0 }) : null);
    this.#actor.frame(seconds, now && { cues: now.sentence.cues, sample: now.sample, level: now.level });
  }

  #glance({ clientX, clientY }) {
    const at = { x: (2 * clientX) / innerWidth - 1, y: 1 - (2 * clientY) / innerHeight };
    this.#looking = { until: performance.now() / 1000 + GLANCE, at };
  }
}

function parts() {
  const wanted = [import('./face/face.js'), import('./face/rig.js'), import('./face/actor.js'), fetched('avatars/rig.json')];
  const all = Promise.all(wanted);
  // What went wrong is said by who waits for it.
  all.catch(() => {});
  return all;
}

async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  return answer.json();
}
