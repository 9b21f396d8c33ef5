// What other people's programs read in the files of `visavis export`: node read.mjs vrma|motion3 FILE SECONDS…
import { readFileSync } from 'node:fs';

const [kind, path, ...words] = process.argv.slice(2);
const times = words.map(Number);
const readers = { vrma: readVrma, motion3: readMotion };
console.log(JSON.stringify(await readers[kind](readFileSync(path))));

/** Khronos' validator, and three.js with pixiv's plugin: every track at the times. */
async function readVrma(file) {
  const { GLTFLoader } = await import('three/addons/loaders/GLTFLoader.js');
  const { VRMAnimationLoaderPlugin } = await import('@pixiv/three-vrm-animation');
  const validator = await import('gltf-validator');
  const { issues } = await validator.default.validateBytes(new Uint8Array(file));
  const warned = [];
  console.warn = (text) => warned.push(text);
  const loader = new GLTFLoader();
  loader.register((parser) => new VRMAnimationLoaderPlugin(parser));
  const gltf = await loader.parseAsync(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength), '');
  const [animation] = gltf.userData.vrmAnimations;
  return {
    warned,
    issues: issues.messages.filter(({ severity }) => severity < 2),
    duration: animation.duration,
    expressions: sampled(animation.expressionTracks.preset),
    custom: [...animation.expressionTracks.custom.keys()],
    bones: sampled(animation.humanoidTracks.rotation),
    lookAt: sampled(new Map([['lookAt', animation.lookAtTrack]])).lookAt,
  };
}

function sampled(tracks) {
  return Object.fromEntries([...tracks].map(([name, track]) => {
    const curve = track.createInterpolant(new Float32Array(track.getValueSize()));
    return [name, times.map((at) => [...curve.evaluate(at)])];
  }));
}

/** Live2D's own framework (as pixi-live2d-display ships it) plays the motion on a model that takes every parameter. */
async function readMotion(file) {
  globalThis.window = globalThis;
  globalThis.document = { createElement: () => ({ getContext: () => null }) };
  globalThis.Live2DCubismCore = { Version: { csmGetVersion: () => 0 }, Logging: { csmSetLogFunction() {}, csmGetLogFunction: () => () => {} } };
  const { CubismMotion } = await import('pixi-live2d-display/cubism4');
  const motion = CubismMotion.create(JSON.parse(file.toString()));
  const queue = { getStartTime: () => 0, getFadeInStartTime: () => 0, getEndTime: () => -1 };
  const { curveCount, curves, segments, points, fps } = motion._motionData;
  const played = times.map((at) => {
    const found = {};
    const names = curves.map(({ id }) => id);
    const model = {
      getParameterIndex: (id) => names.indexOf(id),
      getParameterValueByIndex: () => 0,
      setParameterValueByIndex: (index, value) => { found[names[index]] = value; },
      getPartIndex: () => -1,
    };
    motion.doUpdateParameters(model, at, 1, queue);
    return found;
  });
  return { duration: motion.getDuration(), fps, curveCount, segments: segments.length, points: points.length, played };
}
