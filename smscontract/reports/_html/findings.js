// Findings: a page of them at a time, and the body of one only when it is opened.

const PAGE = 50;
const SOURCES = {
  page: 'said on the provider’s page',
  docs: 'said in the provider’s documents',
  sibling: 'said of another endpoint of the provider',
  http: 'asked for by HTTP or JSON',
  inferred: 'inferred; the provider nowhere says so',
};

data.findings.forEach((one) => {
  one.haystack = [one.clause, one.message, one.says, one.place, one.got, one.expected, one.quote, one.note, one.known, ...one.where]
    .join(' ').toLowerCase();
});

function said(one) {
  const source = [SOURCES[one.source] || one.source, one.stated ? `stated at ${one.stated}` : ''].filter(Boolean).join('; ');
  return h('div', { class: 'said' }, h('p', { class: 'promise' }, prose(one.says)),
    one.quote ? h('blockquote', {}, one.quote) : null, h('p', { class: 'source' }, source));
}

function part(title, text, hit, copy) {
  if (!text) return null;
  return h('div', { class: 'part' },
    h('div', { class: 'part-head' }, h('h4', {}, title), copy ? copyButton(text, copy) : null), block(text, hit));
}

function findingBody(one) {
  const last = one.place.split('/').filter((step) => !/^[0-9]+$/.test(step)).pop() || '';
  const hit = one.place.includes('/') ? `"${last.replaceAll('~1', '/').replaceAll('~0', '~')}": ` : '';
  const facts = [['place', one.place], ['expected', one.expected], ['got', one.got], ['note', one.note], ['accepted', one.known]].filter(([, value]) => value);
  const more = one.count - one.where.length;
  return h('div', { class: 'body' },
    said(one),
    h('dl', { class: 'compare' }, facts.map(([name, value]) => h('div', { class: `is-${name}` }, h('dt', {}, name), h('dd', {}, prose(value))))),
    h('div', { class: 'exchange' },
      part('Request', one.asked, one.place.startsWith('request') ? hit : ''),
      part('Answer', one.answered, one.place.startsWith('response') ? hit : '')),
    part('To see it again', one.again, '', 'command'),
    part('As curl', one.curl, '', 'curl'),
    h('div', {}, h('h4', {}, one.count === 1 ? 'Seen once' : `Seen ${number(one.count)} times`),
      h('ul', { class: 'places' }, one.where.map((place) => h('li', {}, place)), more > 0 ? h('li', {}, `and ${number(more)} more`) : null)));
}

function finding(one) {
  return fold({ class: `finding ${one.outcome}` }, [
    h('span', { class: `chip ${one.outcome}` }, one.level),
    h('span', { class: 'what' }, identity(one.clause), h('span', { class: 'message' }, prose(one.message))),
    h('span', { class: 'times' }, one.count === 1 ? 'once' : `${number(one.count)} times`),
  ], () => findingBody(one));
}

function findings() {
  const list = h('div', { id: 'list', class: 'list' });
  const told = h('p', { class: 'told', role: 'status', id: 'told' });
  const more = h('button', { type: 'button', class: 'more', id: 'more' }, '');
  let found = [];
  let shown = 0;
  function grow() {
    const next = found.slice(shown, shown + PAGE);
    list.append(...next.map(finding));
    shown += next.length;
    more.hidden = shown >= found.length;
    more.textContent = `Show ${Math.min(PAGE, found.length - shown)} more of ${number(found.length)}`;
    return next.length;
  }
  more.addEventListener('click', () => {
    const first = shown;
    if (grow()) list.children[first].firstElementChild.focus();
  });
  listeners.push(() => {
    found = data.findings.filter(fits);
    shown = 0;
    list.replaceChildren();
    grow();
    const all = data.findings.length;
    told.textContent = found.length === all ? '' : `${number(found.length)} of ${count(all, 'finding')}`;
    if (!found.length && all) list.append(h('p', { class: 'nothing' }, 'Nothing that was found fits the filters.'));
    if (!all) list.append(h('p', { class: 'nothing' }, 'No clause was found broken.'));
  });
  return section('findings', 'Findings', 'each promise that was not kept, with the exchange that shows it', told, list, more);
}
