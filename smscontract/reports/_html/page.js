// The page: its sections in order, and a bar to get around.

function rows(id, title, says, heads, items) {
  if (!items.length) return null;
  const LIMIT = 200;
  const table = h('table', { class: 'plain' }, h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, items.slice(0, LIMIT).map((cells) => h('tr', {}, cells.map((one) => h('td', {}, one))))));
  return section(id, title, says, h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, table),
    items.length > LIMIT ? h('p', { class: 'small' }, `and ${number(items.length - LIMIT)} more`) : null);
}

function unjudged(one) {
  const names = one.clauses.map((name) => h('li', {}, identity(name)));
  const short = names.length <= 3;
  return [prose(one.reason), one.hint ? h('span', { class: 'small' }, ' ', prose(one.hint)) : '',
    short ? h('ul', { class: 'ids' }, names) : h('details', {}, h('summary', {}, count(names.length, 'clause')), h('ul', { class: 'ids' }, names))];
}

const sections = [
  findings(),
  data.clauses.length ? clauses() : null,
  witnesses(),
  timeline(),
  answers(),
  rows('changes', 'Changed', `against ${data.against}; the contract allows both`, ['place', 'before', 'after', 'cases', 'first'],
    data.changes.map((one) => [identity(one.place), one.before, one.after, number(one.count), one.request === null ? '' : `request ${one.request}`])),
  rows('new', 'New', 'what the contract does not list, which alone breaks nothing', ['kind', 'place', 'seen', 'first'],
    data.new.map((one) => [one.kind, identity(one.place), number(one.count), one.first])),
  rows('baseline', 'Baseline', 'what is accepted, and what became of it', ['in this run', 'what', 'why', 'until', 'stated'],
    data.baseline.map((one) => [one.status, identity(one.what), [prose(one.reason), one.owner ? h('span', { class: 'small' }, ` ${one.owner}`) : ''], one.expires, h('code', {}, one.stated)])),
  rows('unjudged', 'Not judged', 'neither kept nor broken here, and what would help', ['clauses', 'why'],
    data.unjudged.map((one) => [number(one.clauses.length), unjudged(one)])),
  rows('unmatched', 'Fits no operation', 'counted by method and shape of the path', ['seen', 'request'],
    data.unmatched.map((one) => [number(one.count), h('code', {}, one.shape)])),
  rows('problems', 'Could not be read', 'the rest was judged', ['place', 'why'],
    data.problems.map((one) => [h('code', {}, one.place), [prose(one.message), one.hint ? h('span', { class: 'small' }, ' ', prose(one.hint)) : '']])),
].filter(Boolean);

const COUNTS = { findings: data.findings.length, clauses: data.clauses.length, new: data.new.length, problems: data.problems.length };
const bar = document.getElementById('bar');
bar.append(h('ul', { class: 'links' }, sections.map((one) => h('li', {}, h('a', { href: `#${one.id}` },
  one.querySelector('h2').textContent, COUNTS[one.id] ? h('span', { class: 'n' }, number(COUNTS[one.id])) : null)))), filters());
bar.hidden = false;
document.getElementById('main').append(...sections);
document.body.append(live);
changed();
