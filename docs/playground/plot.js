// Pictures of the playground, as SVG: points and ellipses, and the curve of the log-likelihood.
const gmmxPlot = (() => {
  'use strict';

  const WIDTH = 10; // of the plane of the points
  const HEIGHT = 6;
  const SCALE = 100; // units of the picture in one of the plane
  const COLOURS = ['#2f7ed8', '#e07b00', '#12a150', '#d6408f', '#8a5cf0', '#b58900', '#00a3a3', '#e0463a'];
  const CURVE = { width: 420, height: 250, left: 62, right: 12, top: 28, bottom: 34 };

  function svg(tag, attributes = {}, ...children) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  const toPicture = ([x, y]) => [x * SCALE, (HEIGHT - y) * SCALE];

  function toPlane(element, event) {
    const box = element.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * WIDTH, (1 - (event.clientY - box.top) / box.height) * HEIGHT];
  }

  const channels = COLOURS.map(colour => [1, 3, 5].map(at => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2));

  // The mean of the components' colours, in light, weighted by the responsibilities.
  function mixed(responsibilities) {
    const light = [0, 1, 2].map(c => responsibilities.reduce((sum, r, k) => sum + r * channels[k][c], 0));
    return `rgb(${light.map(value => Math.round(255 * value ** (1 / 2.2))).join(' ')})`;
  }

  // Half axes and angle in degrees of the ellipse of one standard deviation, the picture's y pointing down.
  function ellipse([xx, xy, , yy]) {
    const middle = (xx + yy) / 2;
    const radius = Math.hypot((xx - yy) / 2, xy);
    const angle = Math.atan2(xy, (xx - yy) / 2) / 2;
    return [Math.sqrt(middle + radius), Math.sqrt(Math.max(middle - radius, 0)), -angle * 180 / Math.PI];
  }

  function component(fit, k) {
    const [x, y] = toPicture(fit.means[k]);
    const [long, short, angle] = ellipse(fit.covariances[k]);
    const ring = (deviations, kind) => svg('ellipse', {
      rx: deviations * long * SCALE, ry: deviations * short * SCALE, class: kind, fill: COLOURS[k], stroke: COLOURS[k],
      transform: `translate(${x} ${y}) rotate(${angle})`,
    });
    return {
      rings: [ring(2, 'gp-ring gp-two'), ring(1, 'gp-ring')],
      name: svg('text', { x, y, class: 'gp-name', fill: COLOURS[k] }, String(k + 1)),
    };
  }

  function drawPlane(root, points, fit, cursor) {
    const dots = points.map((point, n) => {
      const [cx, cy] = toPicture(point);
      return svg('circle', { cx, cy, r: 7, class: 'gp-point', fill: fit ? mixed(fit.responsibilities[n]) : 'currentColor' });
    });
    const components = fit ? fit.means.map((_, k) => component(fit, k)) : [];
    const marks = [];
    if (cursor) {
      const [x, y] = toPicture(cursor);
      marks.push(svg('path', { d: `M${x - 18} ${y}h36M${x} ${y - 18}v36`, class: 'gp-cursor' }));
    }
    root.replaceChildren(
      ...components.flatMap(({ rings }) => rings), ...dots, ...components.map(({ name }) => name), ...marks);
  }

  const round = value => Number(value.toPrecision(12));

  // About `count` round numbers from low to high.
  function ticks(low, high, count) {
    const raw = (high - low) / count || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(factor => factor * power).find(value => value >= raw);
    const found = [];
    for (let i = Math.ceil(low / step); i * step <= high + 1e-9 * step; ++i) found.push(round(i * step));
    return found;
  }

  function drawCurve(root, values) {
    const { width, height, left, right, top, bottom } = CURVE;
    const last = Math.max(values.length - 1, 5);
    let low = Math.min(...values);
    let high = Math.max(...values);
    const margin = Math.max((high - low) * 0.06, 0.5);
    [low, high] = values.length ? [low - margin, high + margin] : [0, 1];
    const x = t => left + t / last * (width - left - right);
    const y = value => top + (high - value) / (high - low) * (height - top - bottom);
    const parts = [];
    for (const value of values.length ? ticks(low, high, 4) : []) {
      parts.push(svg('path', { d: `M${left} ${y(value)}H${width - right}`, class: 'gp-grid' }));
      parts.push(svg('text', { x: left - 6, y: y(value), class: 'gp-tick gp-left' }, String(value).replace('-', '−')));
    }
    for (const t of ticks(0, last, 5).filter(Number.isInteger)) {
      parts.push(svg('text', { x: x(t), y: height - bottom + 15, class: 'gp-tick' }, String(t)));
    }
    parts.push(svg('path', { d: `M${left} ${top}V${height - bottom}H${width - right}`, class: 'gp-axis' }));
    parts.push(svg('text', { x: (left + width - right) / 2, y: height - 3, class: 'gp-tick' }, 'iteration t'));
    parts.push(svg('text', { x: 6, y: 16, class: 'gp-tick gp-title' }, 'log-likelihood ℓ'));
    if (values.length) {
      const line = values.map((value, t) => `${x(t)},${y(value)}`).join(' ');
      parts.push(svg('polyline', { points: line, class: 'gp-curve' }));
      parts.push(svg('circle', { cx: x(values.length - 1), cy: y(values.at(-1)), r: 4, class: 'gp-now' }));
    }
    root.replaceChildren(...parts);
  }

  return { WIDTH, HEIGHT, SCALE, COLOURS, CURVE, svg, toPlane, drawPlane, drawCurve };
})();
