import { Attract } from './attract.js';
import { Captions } from './captions.js';
import { Chat } from './chat.js';
import { Composer } from './composer.js';
import { Conversation } from './conversation.js';
import { Controls } from './controls.js';
import { Ears } from './ears.js';
import { Link } from './link.js';
import { Loudspeaker } from './loudspeaker.js';
import { Microphone } from './microphone.js';
import { Notices } from './notices.js';
import { Presence } from './presence.js';
import { Questions } from './questions.js';
import { Stage } from './stage.js';
import { Stats } from './stats.js';
import { Thinking } from './thinking.js';
import { Trace } from './trace.js';
import { Troubles } from './troubles.js';
import { Visit } from './visit.js';
import { Volume } from './volume.js';
import { Watchdog } from './watchdog.js';
import { Words } from './words.js';
import { byId } from './elements.js';

/** Milliseconds between two `stats`. */
const STATS = 30000;

/** The page: its parts, and what each does when another says something. */
export class Kiosk {
  words = new Words();
  visit = new Visit();
  presence = new Presence();
  stats = new Stats();
  volume = new Volume();
  stage = new Stage(byId('face'));
  captions = new Captions(byId('captions'));
  thinking = new Thinking(byId('thinking'));
  attract = new Attract(byId('invitation'), this.words);
  /** @type {any} the server's last `welcome` */
  welcome = {};
  /** The visitor has chosen the language: it no longer follows what is spoken. */
  #chosen = false;
  #showCaptions = true;
  /** Told to the server so far. */
  #underruns = 0;

  /** @param {import('./settings.js').Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.words.language = settings.language || (navigator.language.startsWith('zh') ? 'zh' : 'en');
    this.words.apply();
    this.chat = new Chat(byId('chat'), this.words);
    this.questions = new Questions(byId('questions'), this.words);
    this.composer = new Composer(byId('composer'));
    this.controls = new Controls(this.words);
    this.notices = new Notices(byId('notices'), this.words, byId('kiosk'));
    this.trace = settings.trace ? new Trace() : null;
    this.link = new Link(settings.socket(document.baseURI), () => ({ token: settings.token, visitor: this.presence.present }));
    this.loudspeaker = new Loudspeaker((played) => this.link.send({ type: 'played', ...played }), settings.captionsOnly);
    this.microphone = new Microphone(settings.microphone);
    this.ears = new Ears(this.microphone, this.link, this.loudspeaker);
    const calm = () => !this.presence.present && !this.visit.session;
    this.watchdog = new Watchdog({ calm, memory: () => this.stats.memory, log: (text) => this.troubles.log('warning', text) });
    this.troubles = new Troubles(this);
  }

  /** Begin. */
  start() {
    this.#wireVisit();
    this.#wireHand();
    this.#wireSound();
    this.controls.silent = this.settings.captionsOnly;
    this.controls.show({ sound: !this.loudspeaker.off });
    this.link.connect();
    this.loudspeaker.open();
    this.microphone.open();
    setInterval(() => this.#sendStats(), STATS);
    requestAnimationFrame((time) => this.#frame(time));
  }

  #wireVisit() {
    new Conversation(this);
    this.link.addEventListener('state', () => this.#linked());
    this.visit.addEventListener('phase', () => this.#phase());
    this.presence.addEventListener('change', () => this.#present());
  }

  #wireHand() {
    const { controls, link } = this;
    for (const asker of [this.questions, this.composer]) asker.addEventListener('ask', (event) => this.#ask(event));
    controls.addEventListener('talk', () => this.#talk(controls.talk.on));
    controls.addEventListener('stop', () => this.#stop());
    document.addEventListener('keydown', ({ key }) => key === 'Escape' && this.#stop());
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake());
    controls.addEventListener('mute', () => this.#control({ mute: !this.ears.muted }));
    controls.addEventListener('mode', ({ detail }) => this.#control({ mode: detail }));
    controls.addEventListener('language', () => this.#choose(this.words.language === 'zh' ? 'en' : 'zh'));
    controls.addEventListener('sound', () => this.#sound(this.loudspeaker.off));
    controls.addEventListener('captions', () => this.#caption(!this.#showCaptions));
    controls.addEventListener('new', () => link.send({ type: 'new' }) || this.forget());
    const wake = () => this.#wake();
    for (const kind of ['pointerdown', 'pointerup', 'keydown']) document.addEventListener(kind, wake, { capture: true });
  }

  #wireSound() {
    const { playback } = this.loudspeaker;
    this.loudspeaker.addEventListener('heard', () => this.#heard());
    this.loudspeaker.addEventListener('state', () => this.#caption(this.#showCaptions));
    this.microphone.addEventListener('state', () => this.#microphone());
    playback.addEventListener('over', () => this.captions.rest());
    playback.addEventListener('cut', () => this.captions.clear());
    this.ears.addEventListener('level', ({ detail }) => this.#level(detail));
  }

  /** What the deployer gave this screen: names, label, questions, ways of talking. */
  dress(welcome) {
    const { wake, questions, limits } = welcome;
    this.welcome = welcome;
    this.words.values = { wake: wake?.[0] ?? '' };
    this.questions.set(questions);
    this.composer.limit = limits?.text ?? 2000;
    this.controls.show({ wake: Boolean(wake?.length) });
    this.#label();
  }

  #label() {
    const { name, label, model, notice } = this.welcome;
    const { language } = this.words;
    const write = (id, text) => {
      byId(id).textContent = text ?? '';
      byId(id).hidden = !text;
    };
    write('name', name?.[language]);
    write('label', label?.[language] || this.words.of('label'));
    write('model', model === 'knowledge' ? this.words.of('knowledge') : model);
    write('notice', notice?.[language]);
  }

  /**
   * @param {string | undefined} mode of talking
   * @param {boolean | undefined} muted
   */
  mode(mode, muted) {
    if (mode) this.ears.mode = mode;
    if (muted !== undefined) this.ears.muted = muted;
    this.controls.show({ mode: this.ears.mode, muted: this.ears.muted });
    this.#invite();
  }

  /** Everything of a visitor goes from the glass. */
  forget() {
    this.chat.clear();
    this.thinking.clear();
    this.composer.clear();
    this.controls.talk.release();
    this.notices.set('refused', null);
    if (!this.loudspeaker.playback.now) this.captions.clear();
    this.#chosen = false;
    this.mode(this.welcome.mode, this.welcome.muted);
    this.#speak(this.settings.language || this.welcome.language);
  }

  /** The page speaks as the visitor does, unless the visitor has chosen. @param {string} language */
  follow(language) {
    if (!this.#chosen) this.#speak(language);
  }

  #ask(event) {
    if (this.link.send({ type: 'typed', ...event.detail })) this.visit.asked();
    else event.preventDefault();
  }

  #stop() {
    if (this.link.send({ type: 'control', stop: true })) this.visit.gaveUp();
  }

  #talk(on) {
    this.ears.talking = on;
    this.link.send({ type: 'talk', on });
  }

  #control({ mode, mute }) {
    this.controls.talk.release();
    this.link.send({ type: 'control', mode, mute });
    this.mode(mode, mute);
  }

  #choose(language) {
    this.#chosen = true;
    this.#speak(language);
    this.link.send({ type: 'control', language });
  }

  #sound(on) {
    this.loudspeaker.off = !on;
    this.controls.show({ sound: on });
    this.troubles.report();
  }

  #speak(language) {
    this.words.language = language;
    this.#label();
  }

  /** Captions cannot be put away while nothing sounds. */
  #caption(wanted) {
    this.#showCaptions = wanted;
    const shown = wanted || this.loudspeaker.state !== 'ok';
    document.documentElement.dataset.captions = shown ? 'on' : 'off';
    this.controls.show({ captions: shown });
  }

  #wake() {
    if (this.loudspeaker.state !== 'ok') this.loudspeaker.wake().catch(() => {});
    if (this.microphone.state !== 'ok') this.microphone.wake().catch(() => {});
  }

  #linked() {
    document.documentElement.dataset.link = this.link.state;
    this.#invite();
    if (this.link.state === 'open') return;
    this.loudspeaker.hush();
    this.visit.gaveUp();
    this.controls.talk.release();
  }

  #present() {
    const { present } = this.presence;
    if (present || this.visit.session) this.link.send({ type: 'presence', present });
    this.show();
  }

  #microphone() {
    this.controls.show({ microphone: this.microphone.state });
    this.#invite();
  }

  #level(level) {
    this.controls.level(level);
    if (this.visit.phase === 'hearing' || this.loudspeaker.playback.now) this.volume.busy();
    const gain = this.volume.hear(level);
    if (gain !== null) this.loudspeaker.gain(gain);
  }

  #heard() {
    const { now } = this.loudspeaker.playback;
    this.visit.speaking(now?.sentence.origin ?? '');
    if (!now) return;
    this.presence.busy();
    // Here and not with the frames: where none is drawn in time the words are still to be read.
    this.captions.show(now.sentence, now.sample);
  }

  #phase() {
    const { phase } = this.visit;
    document.documentElement.dataset.phase = phase;
    this.volume.busy();
    this.thinking.show(phase === 'thinking');
    this.controls.show({ hearing: this.visit.hearing });
    this.show();
  }

  /** The conversation, or where nobody is there the invitation. */
  show() {
    this.attract.show(!this.presence.present && !this.visit.session);
    if (this.attract.on) this.watchdog.look();
  }

  /** How one may begin here: not by talking where nothing can be heard, or where a notice says what this is. */
  #invite() {
    const { notice, wake } = this.welcome;
    if (Object.values(notice ?? {}).some(Boolean)) return this.attract.invite('inviteTalkByTouch');
    const hears = this.microphone.state === 'ok' && !this.ears.muted && this.link.state === 'open';
    if (hears && this.ears.mode === 'hands-free') return this.attract.invite('inviteTalk');
    return this.attract.invite(hears && this.ears.mode === 'wake-phrase' && wake?.length ? 'inviteWake' : 'inviteTouch');
  }

  #frame(time) {
    // First: an error in a frame must not be the last frame.
    requestAnimationFrame((next) => this.#frame(next));
    this.stats.begin();
    this.watchdog.frame();
    const now = this.loudspeaker.listen();
    this.stage.mood(this.visit.mood(this.attract.asleep));
    this.stage.frame(time / 1000, !this.attract.on, now);
    if (this.trace && now) this.trace.add(now.sample, now.sentence.cause, this.stage.opening);
  }

  #sendStats() {
    const { stats } = this;
    this.link.send({
      type: 'stats',
      frame_ms: stats.quantile(0.95),
      fps: stats.fps,
      memory_mb: stats.memory,
      underruns: this.loudspeaker.underruns - this.#underruns,
    });
    this.#underruns = this.loudspeaker.underruns;
  }
}
