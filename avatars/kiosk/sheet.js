import { Actor } from './face/actor.js';
import { Face } from './face/face.js';
import { Pack } from './face/pack.js';
import { Rig, emptyFrame } from './face/rig.js';

const WORDS = {
  sil: '静 silence', PP: '双唇 p b m', FF: '唇齿 f v', TH: '舌间 th', DD: '舌尖 t d', kk: '舌根 k g', CH: '翘舌 ch sh',
  SS: '平舌 s z', nn: '鼻音 n l', RR: '卷舌 r', aa: '啊 aa', E: '欸 e', ih: '衣 ih', oh: '哦 oh', ou: '乌 ou',
  neutral: '平静 neutral', happy: '高兴 happy', sad: '难过 sad', angry: '生气 angry', fearful: '害怕 fearful',
  disgusted: '厌恶 disgusted', surprised: '惊讶 surprised',
  nod: '点头 nod', shake: '摇头 shake', wave: '挥手 wave', point: '指引 point', think: '思考 think', shrug: '耸肩 shrug',
  bow: '鞠躬 bow', open: '摊手 open',
  idle: '待机 idle', listening: '聆听 listening', thinking: '思考 thinking', speaking: '说话 speaking',
  greeting: '问候 greeting', sorry: '抱歉 sorry', asleep: '休息 asleep',
};
const GAZES = [[0, 0], [-1, 0], [1, 0], [0, 1], [0, -1], [-0.7, 0.7], [0.7, -0.7]];
const HEADS = [[-20, 0, 0], [-10, 0, 0], [10, 0, 0], [20, 0, 0], [0, 12, 0], [0, -20, 0], [0, 0, -12], [0, 0, 12]];
const STRENGTHS = [0.33, 0.66, 1];
const MOUTH = [-102, 30, 204, 184];
const LOWER_FACE = ['face', 'jaw', 'sockets', 'nose', 'mouth', 'neck'];
const MOOD_SECONDS = 3.2;

/** All faces of a pack at once, for the eye and for tests: `/avatars/<pack>?sheet`. */
class Sheet {
  /**
   * @param {Pack} pack
   * @param {Rig} rig
   * @param {HTMLElement} main
   */
  constructor(pack, rig, main) {
    this.pack = pack;
    this.rig = rig;
    this.main = main;
  }

  /** @param {string} asked e.g. `viseme:aa,expression:happy,strength:1`; also blink, gesture, yaw, pitch, roll, x, y */
  one(asked) {
    const says = Object.fromEntries(asked.split(',').map((part) => part.split(':')));
    const number = (name) => Number(says[name] ?? 0);
    const frame = { ...emptyFrame(), gaze: [number('x'), number('y')], head: [number('yaw'), number('pitch'), number('roll')] };
    if (says.viseme) frame.visemes = { [says.viseme]: Number(says.weight ?? 1) };
    if (says.expression) frame.expressions = { [says.expression]: Number(says.strength ?? 1) };
    if (says.blink) frame.expressions.blink = number('blink');
    if (says.gesture) frame.gestures = { [says.gesture]: 1 };
    const box = document.createElement('div');
    box.className = 'one';
    this.main.append(box);
    const face = new Face(this.pack, box, { background: false, moving: false });
    box.append(face.stage);
    if (!says.gesture) face.frameOn(this.pack.facts.views.head, box.clientWidth, box.clientHeight);
    face.draw(this.#pose(frame));
    return face;
  }

  /** @yields after every row, so that the page stays usable */
  *rows() {
    const { visemeNames } = this.rig;
    const { expressions, gestures, moods, name, about, licence } = this.pack.facts;
    this.#text('h1', `${name.zh} ${name.en}`);
    this.#text('p', `${about.zh} ${about.en} (${licence})`);
    yield this.#row('口型 Visemes', 'mouth', visemeNames.map((one) => [WORDS[one], { visemes: { [one]: 1 } }]));
    for (const strength of [...STRENGTHS].reverse()) {
      const felt = expressions.map((one) => [WORDS[one], { expressions: { [one]: strength } }]);
      yield this.#row(`表情 Expressions · ${strength}`, 'head', felt);
    }
    const blinks = [0, 0.25, 0.5, 0.75, 1].map((now) => [String(now), { expressions: { blink: now } }]);
    yield this.#row('眨眼 Blink', 'head', blinks);
    yield this.#row('视线 Gaze', 'head', GAZES.map((gaze) => [gaze.join(' '), { gaze }]));
    yield this.#row('转头 Head: yaw pitch roll', 'head', HEADS.map((head) => [head.join(' '), { head }]));
    const made = Object.keys(gestures).map((one) => [WORDS[one], { gestures: { [one]: 1 }, expressions: { happy: 0.25 } }]);
    yield this.#row('手势 Gestures', 'body', made);
    yield this.#moods(moods);
    yield* this.#grid(visemeNames, expressions);
  }

  #row(title, kind, cells) {
    this.#text('h2', title);
    const row = this.#box('div', 'row', this.main);
    for (const [label, parts] of cells) this.#cell(row, kind, label, (face) => face.draw(this.#pose({ ...emptyFrame(), ...parts })));
  }

  #moods(moods) {
    this.#text('h2', '状态 Moods');
    const row = this.#box('div', 'row', this.main);
    for (const mood of moods) {
      this.#cell(row, 'body', WORDS[mood], (face) => {
        const actor = new Actor(face, this.rig, { seed: 7 });
        actor.mood(mood);
        const seconds = mood === 'greeting' || mood === 'sorry' ? 1.2 : MOOD_SECONDS;
        for (let at = 0; at < seconds; at += 1 / 30) actor.frame(at);
      });
    }
  }

  *#grid(visemes, expressions) {
    this.#text('h2', '口型 × 表情 × 强度 Visemes × expressions × strengths');
    const grid = this.#box('div', 'grid', this.main);
    for (const expression of expressions) {
      for (const strength of STRENGTHS) {
        for (const viseme of visemes) {
          const frame = { ...emptyFrame(), visemes: { [viseme]: 1 }, expressions: { [expression]: strength } };
          this.#cell(grid, 'small', `${viseme} ${expression} ${strength}`, (face) => face.draw(this.#pose(frame)));
        }
        yield;
      }
    }
  }

  #cell(row, kind, label, draw) {
    const figure = this.#box('figure', kind, row);
    const box = this.#box('div', '', figure);
    this.#box('figcaption', '', figure).textContent = label;
    const lower = kind === 'mouth' || kind === 'small';
    const face = new Face(this.pack, box, { background: kind === 'body', moving: false, only: lower ? LOWER_FACE : undefined });
    if (kind !== 'body') face.frameOn(lower ? MOUTH : this.pack.facts.views.head, box.clientWidth, box.clientHeight);
    draw(face);
    box.append(face.stage);
  }

  #pose(frame) {
    const [yaw, pitch, roll] = this.rig.head(frame);
    return { arkit: this.rig.arkit(frame), head: { yaw, pitch, roll }, breath: 0, gestures: frame.gestures, ages: frame.ages };
  }

  #text(tag, text) {
    this.#box(tag, '', this.main).textContent = text;
  }

  #box(tag, name, parent) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    parent.append(element);
    return element;
  }
}

/** Says when it is done: `data-done` of the page. */
async function show() {
  const asked = new URLSearchParams(location.search);
  const place = location.pathname.replace(/\/$/, '');
  const tables = fetch(new URL('../avatars/rig.json', import.meta.url)).then((answer) => answer.json());
  const [pack, rig] = [await Pack.load(place), new Rig(await tables)];
  document.body.classList.toggle('unlabelled', asked.has('unlabelled'));
  const main = /** @type {HTMLElement} */ (document.querySelector('main'));
  const sheet = new Sheet(pack, rig, main);
  const only = asked.get('only');
  if (only) sheet.one(only);
  else for (const _ of sheet.rows()) await new Promise(requestAnimationFrame);
  await Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)));
  document.documentElement.dataset.done = 'true';
}

await show();
