/** The binary frames of the screen protocol (docs/screen-protocol.md). */

const HEADER = 20;
/** Samples of one microphone frame: 20 ms at 16 kHz. */
export const FRAME = 320;
const UTF8 = new TextDecoder();

/**
 * @typedef {object} Playing what the loudspeaker was given when a frame was taken
 * @property {number} handle 0: nothing
 * @property {number} sample of that part, 24 kHz
 * @property {number} latency seconds from the loudspeaker's queue to the ear; 0 where it is not known
 */

/**
 * @param {ArrayBuffer} pcm 320 samples, PCM16 little endian
 * @param {number} number of the first sample since the microphone's start
 * @param {boolean} gap samples before this frame are missing
 * @param {Playing} playing
 * @returns {ArrayBuffer} 660 bytes
 */
export function encodeMicrophone(pcm, number, gap, playing) {
  const frame = new ArrayBuffer(HEADER + FRAME * 2);
  const view = new DataView(frame);
  view.setUint8(0, 1);
  view.setUint8(1, gap ? 1 : 0);
  view.setUint16(2, Math.min(65535, Math.round(playing.latency * 10000)), true);
  view.setUint32(4, playing.handle, true);
  view.setUint32(8, Math.max(0, Math.round(playing.sample)), true);
  view.setUint32(12, number >>> 0, true);
  view.setUint32(16, Math.floor(number / 2 ** 32), true);
  new Uint8Array(frame, HEADER).set(new Uint8Array(pcm));
  return frame;
}

/**
 * @param {ArrayBuffer} frame one JSON line, a line break, PCM16
 * @returns {{header: any, pcm: Int16Array}} 24 kHz mono
 */
export function decodePlay(frame) {
  const bytes = new Uint8Array(frame);
  const line = bytes.indexOf(10);
  const header = JSON.parse(UTF8.decode(bytes.subarray(0, line)));
  const end = line + 1 + ((bytes.length - line - 1) & ~1);
  // A copy: the sound rarely begins on an even byte, where an Int16Array could lie.
  return { header, pcm: new Int16Array(frame.slice(line + 1, end)) };
}
