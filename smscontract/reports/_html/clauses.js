// Clauses by operation and family, each with its verdict in a word and a colour.

data.clauses.forEach((one) => {
  one.haystack = [one.clause, one.says, one.quote, one.family, one.why, one.source].join(' ').toLowerCase();
});

function clauseRow(one) {
  const judged = one.kept + one.broken;
  const link = ['broken', 'warning', 'known'].includes(one.outcome)
    ? h('button', { type: 'button', class: 'link', on: { click: () => { searchFor(one.clause); document.getElementById('findings').scrollIntoView(); search.focus(); } } }, 'show what was found')
    : null;
  return h('li', { class: `clause ${one.outcome}` },
    h('span', { class: `verdict ${one.outcome}` }, OUTCOMES[one.outcome].toLowerCase()),
    h('div', { class: 'text' },
      h('p', {}, prose(one.says)),
      one.quote ? h('p', { class: 'quote' }, `“${one.quote}”`) : null,
      one.why ? h('p', { class: 'why' }, prose(one.why)) : null,
      h('p', { class: 'small' }, identity(one.clause), ' ', link)),
    h('span', { class: 'small side' }, [one.level, judged ? `judged ${number(judged)}×` : ''].filter(Boolean).join(', ')));
}

const WEIGHT = { broken: 0, warning: 1, known: 2, unjudged: 3, kept: 4 };

function family(name, clauses, open) {
  const tally = Object.keys(OUTCOMES).map((outcome) => [outcome, clauses.filter((one) => one.outcome === outcome).length])
    .filter(([, value]) => value);
  const sorted = () => [...clauses].sort((one, other) => WEIGHT[one.outcome] - WEIGHT[other.outcome]);
  return fold({ class: 'family', open }, [
    h('span', { class: 'name' }, name || 'other'),
    h('span', { class: 'tally' }, tally.map(([outcome, value]) => h('span', { class: outcome }, `${number(value)} ${OUTCOMES[outcome].toLowerCase()}`))),
  ], () => h('ul', {}, sorted().map(clauseRow)));
}

function clauses() {
  const list = h('div', { class: 'operations' });
  const told = h('p', { class: 'told', role: 'status' });
  listeners.push(() => {
    const found = data.clauses.filter(fits);
    const narrowed = found.length !== data.clauses.length;
    told.textContent = narrowed ? `${number(found.length)} of ${count(data.clauses.length, 'clause')}` : '';
    list.replaceChildren(...[...new Set(found.map((one) => one.operation))].map((operation) => {
      const mine = found.filter((one) => one.operation === operation);
      const families = [...new Set(mine.map((one) => one.family))];
      return h('div', { class: 'operation' }, h('h3', {}, operation), families.map((name) => {
        const some = mine.filter((one) => one.family === name);
        return family(name, some, narrowed && found.length <= 60);
      }));
    }));
    if (!found.length) list.append(h('p', { class: 'nothing' }, 'No clause fits the filters.'));
  });
  return section('clauses', 'Clauses', 'everything that was promised, by operation and family', told, list);
}
