import { byId } from './elements.js';
import { tellRecorded } from './recorded.js';

/** Sentences whose facts are kept until they are heard. */
const FACTS = 50;

/** What the server says, and what the page does about it. */
export class Conversation {
  #kiosk;
  /** @type {Map<string, {by: string, sources: string[], index: number}>} of sentences that are about to be heard */
  #facts = new Map();
  #answers = {
    welcome: (message) => this.#welcomed(message),
    cut: () => this.#kiosk.loudspeaker.cut(),
    duck: ({ on }) => this.#kiosk.loudspeaker.duck(on),
    reload: () => this.#kiosk.watchdog.want('a new version'),
    refused: (message) => this.#refused(message),
    session_started: (message) => this.#began(message),
    session_ended: (message) => this.#ended(message),
    speech_started: () => this.#speech(),
    transcript: (message) => this.#transcript(message),
    emotion: (message) => this.#kiosk.chat.felt(message),
    thought: ({ text }) => this.#kiosk.thinking.add(text),
    sentence: (message) => this.#sentence(message),
  };

  /** @param {import('./kiosk.js').Kiosk} kiosk */
  constructor(kiosk) {
    this.#kiosk = kiosk;
    const { link, loudspeaker } = kiosk;
    link.addEventListener('message', ({ detail }) => this.#told(detail));
    link.addEventListener('play', ({ detail }) => loudspeaker.play(detail.header, detail.pcm));
    link.addEventListener('broken', ({ detail }) => kiosk.troubles.log('error', `unreadable: ${detail.message}`));
    loudspeaker.playback.addEventListener('started', ({ detail }) => this.#heard(detail));
    loudspeaker.playback.addEventListener('cut', ({ detail }) => kiosk.chat.cut(detail));
  }

  #told(message) {
    this.#kiosk.visit.told(message);
    this.#answers[message.type]?.(message);
  }

  #welcomed(welcome) {
    const { visit, settings, link, presence, stage, troubles } = this.#kiosk;
    const goesOn = welcome.resumed && welcome.session === visit.session;
    visit.welcomed(welcome.session ?? '');
    this.#facts.clear();
    this.#kiosk.dress(welcome);
    tellRecorded(byId('recorded'), this.#kiosk.words, Boolean(welcome.recorded));
    if (goesOn) this.#kiosk.mode(welcome.mode, welcome.muted);
    else this.#kiosk.forget();
    troubles.report();
    if (presence.present && !welcome.resumed) link.send({ type: 'presence', present: true });
    const { language } = settings;
    if (language && language !== welcome.language) link.send({ type: 'control', language });
    stage.load(welcome.avatar).then(() => troubles.face(null), (error) => troubles.face(error));
  }

  #began({ mode }) {
    this.#kiosk.presence.seen();
    this.#kiosk.mode(mode, undefined);
    this.#kiosk.show();
  }

  #ended({ why }) {
    this.#kiosk.forget();
    this.#kiosk.presence.gone();
    if (why === 'failed') this.#kiosk.notices.flash('session', { key: 'session-failed', alert: true });
    this.#kiosk.show();
  }

  /** By voice somebody has shown to be there, without a touch. */
  #speech() {
    this.#kiosk.volume.busy();
    this.#kiosk.presence.seen();
  }

  #transcript(transcript) {
    this.#kiosk.chat.heard(transcript);
    if (transcript.partial) return;
    this.#kiosk.controls.talk.release();
    this.#kiosk.follow(transcript.language);
  }

  #sentence(sentence) {
    this.#facts.set(sentence.id ?? sentence.text, sentence);
    if (this.#facts.size > FACTS) this.#facts.delete(this.#facts.keys().next().value);
  }

  #heard(sentence) {
    this.#kiosk.chat.said(sentence, this.#facts.get(sentence.cause) ?? this.#facts.get(sentence.text));
  }

  #refused(message) {
    const { troubles, visit, welcome } = this.#kiosk;
    troubles.refused(message);
    if (message.about === 'typed') visit.gaveUp();
    if (message.about === 'control') this.#kiosk.mode(welcome.mode, welcome.muted);
  }
}
