// One search and three filters for findings and clauses alike.

const wanted = { words: [], operation: '', level: '', outcome: '' };
const listeners = [];

const OUTCOMES = { broken: 'Broken', warning: 'Warning', known: 'Known', kept: 'Kept', unjudged: 'Not judged' };

function fits(item) {
  return (!wanted.operation || item.operation === wanted.operation)
    && (!wanted.level || item.level === wanted.level)
    && (!wanted.outcome || item.outcome === wanted.outcome)
    && wanted.words.every((word) => item.haystack.includes(word));
}

function changed() {
  listeners.forEach((listener) => listener());
}

function choice(label, name, options) {
  const select = h('select', { id: `by-${name}`, 'aria-label': label }, h('option', { value: '' }, label),
    options.map(([value, text]) => h('option', { value }, text)));
  select.addEventListener('change', () => {
    wanted[name] = select.value;
    select.classList.toggle('set', select.value !== '');
    changed();
  });
  return select;
}

const search = h('input', {
  type: 'search', id: 'search', placeholder: 'Search', 'aria-label': 'Search findings and clauses', autocomplete: 'off', spellcheck: 'false',
});

function searchFor(text) {
  search.value = text;
  wanted.words = text.toLowerCase().split(/\s+/).filter(Boolean);
  changed();
}

let waiting = 0;
search.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => searchFor(search.value), 90);
});
document.addEventListener('keydown', (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
  } else if (event.key === 'Escape' && event.target === search) {
    searchFor('');
  }
});

function filters() {
  const operations = [...new Set([...data.clauses, ...data.findings].map((one) => one.operation))];
  const selects = [
    operations.length > 1 ? choice('All operations', 'operation', operations.map((name) => [name, name])) : null,
    choice('Any verdict', 'outcome', Object.entries(OUTCOMES)),
    choice('Any level', 'level', [['must', 'must'], ['should', 'should']]),
  ].filter(Boolean);
  const reset = h('button', { type: 'button', id: 'reset', hidden: true }, 'Clear');
  reset.addEventListener('click', () => {
    selects.forEach((select) => { select.value = ''; select.classList.remove('set'); });
    Object.assign(wanted, { operation: '', level: '', outcome: '' });
    searchFor('');
    search.focus();
  });
  listeners.push(() => {
    reset.hidden = !(wanted.words.length || wanted.operation || wanted.level || wanted.outcome);
  });
  return h('div', { class: 'filters', role: 'search' }, search, selects, reset);
}
