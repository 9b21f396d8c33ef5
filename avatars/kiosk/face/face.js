import { Layer, fetched, picture } from './layer.js';
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

/** A pack's picture in a box of the page. Knows packs, not persons. */
export class Face {
  /**
   * @param {object} pack `avatar.json`
   * @param {Layer[]} layers
   * @param {Object<string, Element>} backgrounds by view
   * @param {HTMLElement} container
   * @param {boolean} reducedMotion
   */
  constructor(pack, layers, backgrounds, container, reducedMotion) {
    this.pack = pack;
    this.layers = layers;
    this.backgrounds = backgrounds;
    this.container = container;
    this.skeleton = new Skeleton(pack, reducedMotion);
    this.brought = new Set(Object.values(pack.gestures).flat().map((part) => part.target));
    this.at = 0;
    this.stage = document.createElement('div');
    this.stage.setAttribute('aria-hidden', 'true');
    Object.assign(this.stage.style, { position: 'absolute', inset: '0', overflow: 'hidden', contain: 'strict' });
    this.stage.append(...Object.values(backgrounds), ...layers.map((layer) => layer.element));
    container.append(this.stage);
    this.mouth = layers.find((layer) => layer.motion?.curves[pack.mouth.upper])?.motion;
    this.resize();
  }

  /**
   * @param {string} baseUrl of the pack, e.g. `/avatars/mei`
   * @param {HTMLElement} container fills some box of the page
   * @param {{reducedMotion?: boolean, background?: boolean, only?: string[]}} [options] `only`: ids of the layers wanted
   */
  static async load(baseUrl, container, { reducedMotion = false, background = true, only } = {}) {
    const url = baseUrl.replace(/\/$/, '');
    const pack = await (await fetched(`${url}/avatar.json`)).json();
    if (only) pack.layers = pack.layers.filter((layer) => only.includes(layer.id));
    const views = background ? Object.entries(pack.background ?? {}) : [];
    const [layers, pictures] = await Promise.all([
      Promise.all(pack.layers.map((facts) => Layer.load(url, facts))),
      Promise.all(views.map(async ([view, file]) => [view, await picture(`${url}/${file}`)])),
    ]);
    return new Face(pack, layers, Object.fromEntries(pictures), container, reducedMotion);
  }

  /** To be called when the container's size changed. */
  resize() {
    const [wide, high] = [this.container.clientWidth || 1, this.container.clientHeight || 1];
    const view = wide < high ? 'portrait' : 'landscape';
    this.frameOn(this.pack.views[view], wide, high);
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
    const { upper, lower, open } = this.pack.mouth;
    const [above, below] = [this.mouth.curves[upper], this.mouth.curves[lower]];
    let gap = 0;
    for (let index = 1; index < above.length; index += 2) gap = Math.max(gap, below[index] - above[index]);
    return Math.min(1, gap / open);
  }
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
