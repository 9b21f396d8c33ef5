/**
 * Plain data about the page, for tests and for an operator's console.
 * @param {import('./kiosk.js').Kiosk} kiosk
 */
export function inspect(kiosk) {
  const { link, microphone, loudspeaker, ears, visit, stage, stats, captions, notices, presence, words, attract } = kiosk;
  const now = loudspeaker.listen();
  const { playback } = loudspeaker;
  return {
    link: { state: link.state, why: link.why, code: link.code },
    microphone: { state: microphone.state, frames: microphone.frames, sent: ears.sent, mode: ears.mode, muted: ears.muted },
    loudspeaker: { state: loudspeaker.state, underruns: loudspeaker.underruns, waiting: playback.waiting },
    playing: now && { cause: now.sentence.cause, handle: now.handle, sample: now.sample, level: now.level },
    played: { ...playback.counts },
    visit: { session: visit.session, phase: visit.phase, present: presence.present, attract: attract.on },
    face: { shown: stage.shown, opening: stage.opening, mood: stage.currentMood },
    caption: { word: captions.word },
    notices: notices.keys,
    codes: notices.codes,
    language: words.language,
    frames: { count: stats.frames, p50: stats.quantile(0.5), p95: stats.quantile(0.95), memory: stats.memory },
  };
}
