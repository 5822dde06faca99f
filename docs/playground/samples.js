// Points to begin with, the same each time.
const gmmxSamples = (() => {
  'use strict';

  // Uniform numbers in [0, 1), by a Weyl sequence whose bits are mixed.
  function generator(seed) {
    let state = seed;
    return () => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
      return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
    };
  }

  function normal(uniform) {
    return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  }

  // `count` points about (x, y), with these standard deviations along axes that are turned by an angle.
  function cloud(uniform, count, [x, y], [long, short], angle) {
    return Array.from({ length: count }, () => {
      const [a, b] = [long * normal(uniform), short * normal(uniform)];
      return [x + a * Math.cos(angle) - b * Math.sin(angle), y + a * Math.sin(angle) + b * Math.cos(angle)];
    });
  }

  function ring(uniform, count, [x, y], radius, width) {
    return Array.from({ length: count }, () => {
      const angle = 2 * Math.PI * uniform();
      const distance = radius + width * normal(uniform);
      return [x + distance * Math.cos(angle), y + distance * Math.sin(angle)];
    });
  }

  return [
    {
      name: 'three clusters',
      components: 3,
      points: uniform => [
        ...cloud(uniform, 60, [2.6, 4.1], [0.9, 0.35], 0.6),
        ...cloud(uniform, 50, [4.6, 1.9], [0.8, 0.4], -0.5),
        ...cloud(uniform, 40, [7.4, 3.7], [0.6, 0.6], 0),
      ],
    },
    {
      name: 'two clusters that cross',
      components: 2,
      points: uniform => [
        ...cloud(uniform, 70, [5, 3], [1.6, 0.22], 0.6),
        ...cloud(uniform, 70, [5, 3], [1.6, 0.22], -0.6),
      ],
    },
    {
      name: 'a ring, which no single Gaussian fits',
      components: 6,
      points: uniform => ring(uniform, 150, [5, 3], 2.1, 0.16),
    },
  ].map(sample => ({ ...sample, points: sample.points(generator(7)) }));
})();
