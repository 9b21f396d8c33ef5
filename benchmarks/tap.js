/** Measures what leaves the loudspeaker: its level every 128 frames, with the context's frame number. */
class Tap extends AudioWorkletProcessor {
  process([input]) {
    const [samples] = input;
    let energy = 0;
    for (const sample of samples ?? []) energy += sample * sample;
    this.port.postMessage([currentFrame, Math.sqrt(energy / 128)]);
    return true;
  }
}

registerProcessor('tap', Tap);
