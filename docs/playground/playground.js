// The playground: what is on the page, and what its buttons do. `gmmxPlayground` shows the fit to tests, and to whoever
// opens the console.
(() => {
  'use strict';

  const { WIDTH, HEIGHT, SCALE, COLOURS, CURVE, svg, toPlane, drawPlane, drawCurve } = gmmxPlot;
  const MODELS = {
    full: 'full: each its own ellipse', tied: 'tied: one ellipse for all', diag: 'diag: axes along x and y',
    spherical: 'spherical: circles', EII: 'EII: equal circles', EEI: 'EEI: equal, along x and y',
    VEI: 'VEI: equal shape, along x and y', EVI: 'EVI: equal area, along x and y', VEE: 'VEE: equal shape and direction',
    EVE: 'EVE: equal area and direction', VVE: 'VVE: equal direction', EEV: 'EEV: equal area and shape',
    VEV: 'VEV: equal shape', EVV: 'EVV: equal area',
  };
  const PAUSES = { slow: 700, normal: 200, fast: 30 }; // milliseconds between two iterations
  const MAX_COMPONENTS = 8;
  const MAX_POINTS = 1000;
  const MAX_ITERATIONS = 1000;
  const TOL = 1e-6; // of the mean log-likelihood
  const SPACING = 0.16; // between points of a drag
  const SPREAD = 0.12; // about the pointer
  const KEY_STEP = 0.1;

  function html(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'function') node.addEventListener(name, value);
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  const number = (value, digits) => value.toFixed(digits).replace('-', '−');
  const vector = values => `(${values.map(value => number(value, 2)).join(', ')})`;

  let engine;
  let points = [];
  let fit = null; // mixture and E-step
  let history = []; // log-likelihoods by iteration
  let seed = 1;
  let sample = 0;
  let timer = null;
  let cursor = null; // of the keyboard
  let told = ''; // in place of the state of the fit
  let inspected = null; // number of a point

  // Controls

  const button = (label, action) => html('button', { type: 'button', click: action }, label);
  const labelled = (label, control) => html('label', {}, `${label} `, control);
  const choice = (entries, chosen, action) => html('select', { change: action }, ...entries.map(
    ([value, text]) => html('option', value === chosen ? { value, selected: '' } : { value }, text)));

  const numbers = Array.from({ length: MAX_COMPONENTS }, (_, k) => [String(k + 1), String(k + 1)]);
  const components = choice(numbers, '3', restart);
  const model = choice(Object.entries(MODELS), 'full', restart);
  const pace = choice(Object.keys(PAUSES).map(name => [name, name]), 'normal', () => timer && run());
  const runButton = button('Run', () => (timer ? pause() : run()));
  const controls = html('div', { class: 'gp-controls', role: 'group', 'aria-label': 'Controls of the fit' },
    button('One step', () => { pause(); step(); }), runButton, button('Restart', () => { ++seed; restart(); }),
    button('Clear', clear), button('Sample data', nextSample), labelled('Speed', pace),
    html('div', { class: 'gp-choices' }, labelled('Components', components), labelled('Covariances', model)));

  const help = 'Plane of points. Click or drag to add points. With the keyboard: arrow keys move the cross, Enter adds a point.';
  const plane = svg('svg', {
    viewBox: `0 0 ${WIDTH * SCALE} ${HEIGHT * SCALE}`, class: 'gp-plane', tabindex: 0, role: 'application', 'aria-label': help,
  });
  const curve = svg('svg', {
    viewBox: `0 0 ${CURVE.width} ${CURVE.height}`, class: 'gp-chart', role: 'img', 'aria-label': 'Log-likelihood by iteration',
  });
  const status = html('p', { class: 'gp-status', role: 'status' });
  const eStep = html('div', { class: 'gp-numbers' });
  const mStep = html('div', { class: 'gp-numbers' });

  // The fit

  function attempt(action) {
    try {
      action();
      told = '';
    } catch (error) {
      pause();
      told = error.message;
    }
    draw();
  }

  function accept(next) {
    fit = next;
    history.push(next.logLikelihood);
  }

  const hasTooFewPoints = () => points.length < Number(components.value);

  function restart() {
    pause();
    fit = null;
    history = [];
    if (hasTooFewPoints()) return draw();
    attempt(() => accept(engine.start(points, Number(components.value), model.value, seed)));
  }

  function step() {
    if (!fit) return restart();
    attempt(() => accept(engine.step()));
  }

  const gain = () => (history.at(-1) - history.at(-2)) / points.length;
  const hasConverged = () => history.length > 1 && Math.abs(gain()) < TOL;

  function run() {
    pause();
    if (!fit) restart();
    if (!fit) return;
    timer = setInterval(() => {
      step();
      if (hasConverged() || history.length > MAX_ITERATIONS) pause();
    }, PAUSES[pace.value]);
    draw();
  }

  function pause() {
    if (!timer) return;
    clearInterval(timer);
    timer = null;
    draw();
  }

  // The mixture stays where it is; the likelihood of other points is another curve.
  function add(point) {
    if (points.length >= MAX_POINTS) return;
    points.push([Math.min(Math.max(point[0], 0), WIDTH), Math.min(Math.max(point[1], 0), HEIGHT)]);
    if (!fit) return restart();
    history = [];
    attempt(() => accept(engine.continue(points)));
  }

  function clear() {
    points = [];
    inspected = null;
    restart();
    plane.focus({ preventScroll: true });
  }

  function load(chosen) {
    points = chosen.points.map(point => [...point]);
    components.value = String(chosen.components);
    inspected = null;
    restart();
  }

  function nextSample() {
    sample = (sample + 1) % gmmxSamples.length;
    load(gmmxSamples[sample]);
    status.prepend(`Sample data: ${gmmxSamples[sample].name}. `);
  }

  // Drawing points

  function near(centre) {
    const angle = 2 * Math.PI * Math.random();
    const distance = SPREAD * Math.sqrt(-2 * Math.log(1 - Math.random()));
    return [centre[0] + distance * Math.cos(angle), centre[1] + distance * Math.sin(angle)];
  }

  let dragged = null; // where the last point was added
  plane.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    plane.setPointerCapture(event.pointerId);
    cursor = null;
    dragged = toPlane(plane, event);
    add(dragged);
  });
  plane.addEventListener('pointermove', event => {
    const here = toPlane(plane, event);
    if (!dragged) return inspect(here);
    if (Math.hypot(here[0] - dragged[0], here[1] - dragged[1]) < SPACING) return undefined;
    dragged = here;
    return add(near(here));
  });
  for (const end of ['pointerup', 'pointercancel']) plane.addEventListener(end, () => { dragged = null; });
  plane.addEventListener('pointerleave', () => { if (!dragged) inspect(null); });

  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  plane.addEventListener('keydown', event => {
    const move = MOVES[event.key];
    if (!move && event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    cursor ??= [WIDTH / 2, HEIGHT / 2];
    if (!move) return void add([...cursor]);
    cursor = cursor.map((value, j) =>
      Math.min(Math.max(value + KEY_STEP * (event.shiftKey ? 5 : 1) * move[j], 0), [WIDTH, HEIGHT][j]));
    inspect(cursor);
  });
  plane.addEventListener('blur', () => { cursor = null; draw(); });

  // The point that is nearest, if it is near.
  function inspect(place) {
    const before = inspected;
    const distances = place ? points.map(([x, y]) => Math.hypot(x - place[0], y - place[1])) : [];
    const least = Math.min(...distances);
    inspected = least < 0.25 ? distances.indexOf(least) : null;
    if (cursor || inspected !== before) draw();
  }

  // Numbers beside the equations

  const swatch = k => html('span', { class: 'gp-swatch', style: `background: ${COLOURS[k]}` }, String(k + 1));
  const table = (heads, rows) => html('table', {},
    html('thead', {}, html('tr', {}, ...heads.map(head => html('th', { scope: 'col' }, head)))),
    html('tbody', {}, ...rows.map(cells => html('tr', {}, ...cells.map(cell => html('td', {}, cell))))));

  function matrix([xx, xy, yx, yy]) {
    const entries = [xx, xy, yx, yy].map(value => html('span', {}, number(value, 3)));
    return html('span', { class: 'gp-matrix' }, ...entries);
  }

  function numbersOfEStep() {
    const list = fit.counts.map((count, k) => [
      swatch(k), number(count, 2), inspected === null ? '–' : number(fit.responsibilities[inspected][k], 3)]);
    const point = inspected === null
      ? 'Point at a dot to see its responsibilities.'
      : `Point n = ${inspected + 1}: x = ${vector(points[inspected])}`;
    return [table(['k', 'Nₖ', 'rₙₖ of the point'], list), html('p', {}, point)];
  }

  function numbersOfMStep() {
    return [table(['k', 'πₖ', 'μₖ', 'Σₖ'], fit.weights.map((weight, k) => [
      swatch(k), number(weight, 3), vector(fit.means[k]), matrix(fit.covariances[k])]))];
  }

  function report() {
    if (told) return told;
    if (hasTooFewPoints()) {
      return `${points.length} of at least ${components.value} points: click or drag in the plane to add points.`;
    }
    const t = history.length - 1;
    const parts = [`${points.length} points, iteration ${t}: ℓ = ${number(history.at(-1), 4)}`];
    if (t > 0) parts.push(` (${gain() < 0 ? '' : '+'}${number(history.at(-1) - history.at(-2), 6)})`);
    if (hasConverged()) parts.push(`. Converged: the gain per point is less than ${TOL}.`);
    return parts.join('');
  }

  function draw() {
    drawPlane(plane, points, fit, cursor);
    drawCurve(curve, history);
    eStep.replaceChildren(...(fit ? numbersOfEStep() : []));
    mStep.replaceChildren(...(fit ? numbersOfMStep() : []));
    status.setAttribute('aria-live', timer ? 'off' : 'polite'); // not each iteration of a run
    status.textContent = report();
    runButton.textContent = timer ? 'Pause' : 'Run';
  }

  async function begin() {
    const place = document.getElementById('gp-playground');
    try {
      engine = await gmmxEngine();
    } catch (error) {
      place.prepend(html('p', {}, `The interactive page does not work in this browser: ${error.message}`));
      return;
    }
    place.replaceChildren(controls, html('div', { class: 'gp-pictures' }, plane, html('div', { class: 'gp-side' }, curve, status)));
    document.getElementById('gp-e-step').replaceChildren(eStep);
    document.getElementById('gp-m-step').replaceChildren(mStep);
    load(gmmxSamples[0]);
    window.gmmxPlayground = {
      state: () => ({ points, history, model: model.value, isRunning: timer !== null, hasConverged: hasConverged(), ...fit }),
    };
  }

  begin();
})();
