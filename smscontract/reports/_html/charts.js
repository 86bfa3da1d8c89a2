// What was seen: the matrix of witnesses, when findings were seen, how the answers were.

const ALWAYS = ['value', 'null', 'absent', 'empty'];

function cell(point) {
  if (!point) return h('td', { class: 'none' }, h('span', { class: 'unseen' }, 'not possible'));
  const days = point.first ? (point.first === point.last ? `on ${point.first}` : `${point.first} to ${point.last}`) : '';
  const [kind, text] = point.seen ? ['seen', number(point.seen)] : point.waived ? ['waived', 'waived'] : ['never', 'never'];
  return h('td', { class: kind, title: point.waived || days || null }, text);
}

function members(points) {
  if (!points.length) return h('td', { class: 'none' });
  return h('td', { class: 'members' }, points.flatMap((point) => {
    const kind = point.seen ? 'seen' : point.waived ? 'waived' : 'never';
    const title = point.waived || (point.first ? `${point.first} to ${point.last}` : null);
    return [h('span', { class: `member ${kind}`, title }, point.shows, ' ', h('b', {}, point.seen ? number(point.seen) : kind)), ' '];
  }));
}

// Below a place that has a row of its own only the rest of the path is shown, further to the right.
function placeHead(place, places) {
  const above = places.filter((other) => place.startsWith(`${other}/`));
  const nearest = above.reduce((longest, other) => (other.length > longest.length ? other : longest), '');
  const rest = nearest ? place.slice(nearest.length + 1) : place;
  const steps = rest.split(/(?<=[/_])/).flatMap((step) => [step, h('wbr')]);
  return h('th', { scope: 'row', class: `below-${Math.min(above.length, 4)}`, title: nearest ? place : null },
    nearest ? h('span', { class: 'unseen' }, `${nearest}/`) : null, steps);
}

function matrixTable(operation, answer) {
  const columns = ALWAYS.filter((name) => answer.rows.some((row) => row.cells.some((point) => point.shows === name)));
  const named = answer.rows.some((row) => row.cells.some((point) => !ALWAYS.includes(point.shows)));
  const places = answer.rows.map((row) => row.place);
  const times = answer.seen ? answer.seen.seen : 0;
  const caption = h('caption', {}, `Answer ${answer.key}`, h('span', {}, times ? ` seen ${count(times, 'time')}` : ' never seen'));
  if (!answer.rows.length) return h('p', { class: 'lone' }, caption.textContent);
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `${operation} ${answer.key}` },
    h('table', { class: 'matrix' }, caption,
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'place'), columns.map((name) => h('th', { scope: 'col' }, name)), named ? h('th', { scope: 'col' }, 'members') : null)),
      h('tbody', {}, answer.rows.map((row) => h('tr', {}, placeHead(row.place, places),
        columns.map((name) => cell(row.cells.find((point) => point.shows === name))),
        named ? members(row.cells.filter((point) => !ALWAYS.includes(point.shows))) : null)))));
}

function witnesses() {
  if (!data.matrix.length) return null;
  return section('witnesses', 'Witnesses', 'what the contract lets an answer show, and in how many it was seen',
    data.matrix.map((one) => h('div', { class: 'operation' },
      h('h3', {}, one.operation, h('span', { class: 'aside' }, ` ${one.reached} of ${one.of} seen`)),
      one.answers.map((answer) => matrixTable(one.operation, answer)))));
}

function lane(one, line) {
  const track = h('span', { class: `lane ${one.outcome}`, 'aria-hidden': 'true' });
  const span = line.to - line.from;
  one.at.forEach((moment) => {
    const tick = h('i');
    tick.style.left = `${span ? (100 * (moment - line.from)) / span : 50}%`;
    track.append(tick);
  });
  return h('tr', {}, h('th', { scope: 'row' }, identity(one.clause)), h('td', { class: 'track' }, track), h('td', { class: 'n' }, number(one.count)));
}

function timeline() {
  const line = data.timeline;
  const days = line.days.length > 1
    ? bars('Exchanges by day', line.days.map(([day, value]) => [day, value]), Math.max(...line.days.map(([, value]) => value))) : null;
  if (!line.lanes.length && !days) return null;
  const ends = line.by === 'time' ? [line.first, line.last].map((moment) => (moment || '').replace('T', ' ').replace('Z', '')) : [`request or entry ${line.from}`, `${line.to}`];
  const lanes = line.lanes.length ? h('table', { class: 'bars lanes' }, h('caption', {}, 'When each finding was seen'),
    h('tbody', {}, line.lanes.map((one) => lane(one, line)),
      h('tr', { class: 'axis' }, h('td', {}), h('td', { class: 'ends' }, h('span', {}, ends[0]), line.to > line.from ? h('span', {}, ends[1]) : null), h('td', {})))) : null;
  return section('timeline', 'Timeline', line.by === 'time' ? 'in UTC; times are those of the answers' : 'by number of the request',
    lanes, line.more ? h('p', { class: 'small' }, `and ${count(line.more, 'finding')} more`) : null, days);
}

function seconds(value) {
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value} s`;
}

function latency(one) {
  const steps = one.latency.map((value, index) => [index < data.edges.length ? `up to ${seconds(data.edges[index])}` : 'later', value]);
  while (steps.length && !steps[steps.length - 1][1]) steps.pop();
  while (steps.length && !steps[0][1]) steps.shift();
  return steps.length ? bars('How long answers took', steps, Math.max(...steps.map(([, value]) => value))) : null;
}

function answers() {
  const shown = data.operations.filter((one) => one.exchanges);
  if (!shown.length) return null;
  const kind = (status) => (/^2/.test(status) ? 'good' : /^5|none/.test(status) ? 'bad' : 'plain');
  return section('answers', 'Answers', 'by status, and how long they took', shown.map((one) => h('div', { class: 'operation' },
    h('h3', {}, one.operation, h('span', { class: 'aside' }, ` ${count(one.exchanges, 'exchange')}`)),
    h('div', { class: 'pair' },
      one.statuses.length ? bars('Statuses', one.statuses.map(([status, value]) => [status === 'none' ? 'no answer' : status, value, kind(status)]), Math.max(...one.statuses.map(([, value]) => value))) : null,
      latency(one),
      one.tiers.length ? bars('Requests sent', one.tiers, Math.max(...one.tiers.map(([, value]) => value))) : null),
    one.notes.map((note) => h('p', { class: 'small' }, prose(note))))));
}
