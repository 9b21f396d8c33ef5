/** Samples of a frame: 20 ms at 16 kHz. */
const FRAME = 320;

/** Cuts the microphone into frames of 20 ms and numbers them by the device's time. */
class MicrophoneProcessor extends AudioWorkletProcessor {
  #pcm = new Int16Array(FRAME);
  #filled = 0;
  #first = 0;
  #gap = false;
  #begun = false;
  #energy = 0;

  process([[input]]) {
    if (!input) this.#missed();
    else for (let i = 0; i < input.length; i += 1) this.#take(input[i], currentFrame + i);
    return true;
  }

  /** The track is gone: what there is of a frame cannot be completed. */
  #missed() {
    this.#filled = 0;
    this.#energy = 0;
    this.#gap = this.#begun;
  }

  #take(sample, frame) {
    if (this.#filled === 0) this.#first = frame;
    const clipped = Math.max(-1, Math.min(1, sample));
    this.#pcm[this.#filled] = Math.round(clipped * 32767);
    this.#filled += 1;
    this.#energy += clipped * clipped;
    if (this.#filled === FRAME) this.#send();
  }

  #send() {
    const pcm = this.#pcm.buffer;
    const level = Math.sqrt(this.#energy / FRAME);
    this.port.postMessage({ pcm, frame: this.#first, gap: this.#gap, level }, [pcm]);
    this.#pcm = new Int16Array(FRAME);
    this.#filled = 0;
    this.#energy = 0;
    this.#gap = false;
    this.#begun = true;
  }
}

registerProcessor('microphone', MicrophoneProcessor);
