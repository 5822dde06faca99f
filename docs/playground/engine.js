// The C++ library as WebAssembly, as an object that speaks in arrays of JavaScript. cpp/wasm/playground.cpp has the other
// side. gmmxEngine() returns a promise of the object.
async function gmmxEngine() {
  'use strict';

  const wasm = await gmmxWebAssembly();
  const call = (name, result = 'number', parameters = []) => wasm.cwrap(`gmmx_${name}`, result, parameters);
  const raw = {
    points: call('points', 'number', ['number']),
    start: call('start', 'boolean', ['number', 'string', 'number']),
    continue: call('continue', 'boolean'),
    step: call('step', 'boolean'),
    logLikelihood: call('log_likelihood'),
    error: call('error', 'string'),
  };
  const addresses = Object.fromEntries(
    ['weights', 'means', 'covariances', 'counts', 'responsibilities'].map(name => [name, call(name)]));
  let nPoints = 0;
  let nComponents = 0;

  // Rows of `width` numbers from the memory of the library.
  function rows(name, count, width) {
    const begin = addresses[name]() / Float64Array.BYTES_PER_ELEMENT;
    return Array.from({ length: count }, (_, row) =>
      Array.from(wasm.HEAPF64.subarray(begin + row * width, begin + (row + 1) * width)));
  }

  function result(succeeded) {
    if (!succeeded) throw new Error(raw.error());
    return {
      weights: rows('weights', 1, nComponents)[0],
      means: rows('means', nComponents, 2),
      covariances: rows('covariances', nComponents, 4), // xx, xy, yx, yy
      counts: rows('counts', 1, nComponents)[0],
      responsibilities: rows('responsibilities', nPoints, nComponents),
      logLikelihood: raw.logLikelihood(),
    };
  }

  function give(points) {
    nPoints = points.length;
    const begin = raw.points(nPoints) / Float64Array.BYTES_PER_ELEMENT;
    wasm.HEAPF64.set(points.flat(), begin);
  }

  // Each returns the mixture and the E-step under it, or throws what the library has to say.
  return {
    start(points, components, model, seed) {
      give(points);
      nComponents = components;
      return result(raw.start(components, model, seed));
    },
    continue(points) {
      give(points);
      return result(raw.continue());
    },
    step: () => result(raw.step()),
  };
}
