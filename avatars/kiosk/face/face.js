import { Layer } from './layer.js';
import { Pack } from './pack.js';
import { Skeleton } from './skeleton.js';

/**
 * @typedef {object} FacePose
 * @property {Object<string, number>} [arkit] 52 weights, 0..1
 * @property {{yaw: number, pitch: number, roll: number}} [head] degrees; yaw to the visitor's right, pitch up
 * @property {{x: number, y: number}} [gaze] -1..1; only read where `arkit` has no eyeLook… weights
 * @property {number} [breath] 0..1
 * @property {Object<string, number>} [gestures] 0..1
 * @property {Object<string, number>} [ages] seconds since each gesture began
 * @property {number} [at] seconds, for what swings; without it a frame is 1/60 s after the one before
 */

/**
 * @typedef {object} FaceOptions
 * @property {boolean} [reducedMotion] nothing swings
 * @property {boolean} [background] with what the pack shows behind the figure (default true)
 * @property {string[]} [only] ids of the layers wanted
 * @property {boolean} [moving] each layer is the compositor's own (default true); false for a picture that stands still
 */

/** A pack's picture in a box of the page. Knows packs, not persons. */
export class Face {
  /**
   * @param {Pack} pack
   * @param {HTMLElement} container fills some box of the page
   * @param {FaceOptions} [options]
   */
  constructor(pack, container, { reducedMotion = false, background = true, only, moving = true } = {}) {
    this.facts = pack.facts;
    this.container = container;
    const wanted = this.facts.layers.filter((layer) => !only || only.includes(layer.id));
    this.layers = wanted.map((facts) => Layer.of(pack, facts));
    this.skeleton = new Skeleton(this.facts, reducedMotion);
    this.brought = new Set(Object.values(this.facts.gestures).flat().map((part) => part.target));
    const views = background ? Object.entries(this.facts.background ?? {}) : [];
    this.backgrounds = Object.fromEntries(views.map(([view, file]) => [view, fadedIn(pack.picture(file), reducedMotion)]));
    this.at = 0;
    this.mouth = this.layers.find((layer) => layer.motion?.curves[this.facts.mouth.upper])?.motion;
    this.stage = document.createElement('div');
    this.stage.setAttribute('aria-hidden', 'true');
    Object.assign(this.stage.style, { position: 'absolute', inset: '0', overflow: 'hidden', contain: 'strict' });
    for (const layer of this.layers) layer.element.style.willChange = moving ? 'transform' : 'auto';
    this.stage.append(...Object.values(this.backgrounds), ...this.layers.map((layer) => layer.element));
    this.resize();
  }

  /**
   * A face whose first picture can be shown; what gestures bring in may still be on its way.
   * @param {string} baseUrl of the pack, e.g. `/avatars/mei`
   * @param {HTMLElement} container
   * @param {FaceOptions} [options]
   */
  static async load(baseUrl, container, options = {}) {
    const face = new Face(await Pack.load(baseUrl), container, options);
    await Promise.all(face.layers.map((layer) => (face.brought.has(layer.facts.id) ? layer.show(false) : layer.ready())));
    container.append(face.stage);
    return face;
  }

  /** To be called when the container's size changed. */
  resize() {
    const [wide, high] = [this.container.clientWidth || 1, this.container.clientHeight || 1];
    const view = wide < high ? 'portrait' : 'landscape';
    this.frameOn(this.facts.views[view], wide, high);
    for (const [name, element] of Object.entries(this.backgrounds)) {
      Object.assign(element.style, { position: 'absolute', width: '100%', height: '100%', objectFit: 'cover' });
      element.style.display = name === view ? 'block' : 'none';
    }
    if (this.pose) this.draw(this.pose);
  }

  /**
   * Fits a box of the art into the container; the figure always reaches its lower edge.
   * @param {number[]} box x y width height
   * @param {number} wide pixels
   * @param {number} high
   */
  frameOn([x, y, boxWide, boxHigh], wide, high) {
    this.scale = Math.min(wide / boxWide, high / boxHigh);
    this.origin = [x + boxWide / 2 - wide / this.scale / 2, y + boxHigh - high / this.scale];
    for (const layer of this.layers) layer.size(this.scale);
  }

  /** @param {FacePose} pose */
  draw(pose) {
    const seconds = pose.at === undefined ? 1 / 60 : Math.max(0, pose.at - this.at);
    this.at = pose.at ?? this.at + seconds;
    this.pose = pose;
    this.skeleton.step(pose, seconds);
    const weights = withGaze(pose);
    for (const layer of this.layers) {
      if (this.brought.has(layer.facts.id)) layer.show(this.skeleton.shown(layer.facts.id));
      if (!layer.shown) continue;
      layer.place(this.skeleton.matrix(layer.facts), this.scale, this.origin);
      layer.motion?.update(weights);
    }
  }

  /** How far the mouth is open as last drawn, 0..1: the widest gap of the inner lips over the pack's widest. */
  get opening() {
    if (!this.mouth || !this.pose) return 0;
    const { upper, lower, open } = this.facts.mouth;
    const [above, below] = [this.mouth.curves[upper], this.mouth.curves[lower]];
    let gap = 0;
    for (let index = 1; index < above.length; index += 2) gap = Math.max(gap, below[index] - above[index]);
    return Math.min(1, gap / open);
  }
}

/** A background comes when it is there; the face does not wait for it. */
function fadedIn(element, atOnce) {
  element.style.opacity = '0';
  element.style.transition = atOnce ? 'none' : 'opacity 0.6s';
  element.addEventListener('load', () => { element.style.opacity = '1'; });
  return element;
}

/** The eyes' own weights from `gaze`, unless the pose brings them. */
function withGaze({ arkit = {}, gaze }) {
  if (!gaze) return arkit;
  const { x, y } = gaze;
  const look = {};
  for (const [side, outwards] of [['Left', x], ['Right', -x]]) {
    look[`eyeLookOut${side}`] = Math.max(outwards, 0);
    look[`eyeLookIn${side}`] = Math.max(-outwards, 0);
    look[`eyeLookUp${side}`] = Math.max(y, 0);
    look[`eyeLookDown${side}`] = Math.max(-y, 0);
  }
  return { ...arkit, ...look };
}
