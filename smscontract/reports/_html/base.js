// Building blocks. Whatever others wrote becomes a text node: nothing here makes markup out of a string.

const data = JSON.parse(document.getElementById('data').textContent);

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') Object.entries(value).forEach(([event, does]) => element.addEventListener(event, does));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

const number = (value) => value.toLocaleString('en');
const count = (value, noun, plural) => `${number(value)} ${value === 1 ? noun : plural || `${noun}s`}`;

// `words in backticks` are code, as in all our sentences.
function prose(text) {
  const parts = text.split('`');
  if (parts.length % 2 === 0) return [text];
  return parts.map((part, index) => (index % 2 ? h('code', {}, part) : part));
}

// An id may break behind its slashes, and its operation matters less than what follows.
function identity(name) {
  const [operation, ...rest] = name.split('/');
  const pieces = rest.flatMap((part) => ['/', h('wbr'), part]);
  return h('span', { class: 'id' }, h('span', { class: 'of' }, operation), pieces);
}

const MASK = /(<(?:phone|text|secret):[0-9a-f]{8}>)/;

function block(text, hit) {
  const pre = h('pre', { tabindex: '0' });
  const lines = text.split('\n');
  const marked = hit ? lines.filter((line) => line.trimStart().startsWith(hit)) : [];
  lines.forEach((line, index) => {
    const parts = line.split(MASK).map((part, at) => (at % 2 ? h('span', { class: 'mask' }, part) : part));
    pre.append(marked.length === 1 && line === marked[0] ? h('mark', {}, parts) : h('span', {}, parts));
    if (index < lines.length - 1) pre.append('\n');
  });
  return pre;
}

const live = h('p', { class: 'unseen', role: 'status' });

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h('textarea', { class: 'unseen' }, text);
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}

function copyButton(text, what) {
  const button = h('button', { type: 'button', class: 'copy' }, `Copy ${what}`);
  button.addEventListener('click', async () => {
    await copied(text);
    button.textContent = 'Copied';
    live.textContent = `${what} copied`;
    setTimeout(() => { button.textContent = `Copy ${what}`; }, 1600);
  });
  return button;
}

// A row of a chart: a name, a bar and a number, which a screen reader reads as a table.
function bars(caption, rows, largest) {
  return h('table', { class: 'bars' }, h('caption', {}, caption), h('tbody', {}, rows.map(([name, value, kind]) => {
    const bar = h('span', { class: `bar-${kind || 'plain'}` });
    bar.style.width = `${value ? Math.max(0.6, (100 * value) / largest) : 0}%`;
    return h('tr', {}, h('th', { scope: 'row' }, name), h('td', { class: 'track' }, bar), h('td', { class: 'n' }, number(value)));
  })));
}

function section(id, title, says, ...children) {
  const heading = h('h2', { id: `${id}-title` }, title);
  return h('section', { id, 'aria-labelledby': `${id}-title` }, h('div', { class: 'title' }, heading, h('p', {}, says)), children);
}

// What is folded away is made when it is first wanted: by a click or key, or by whoever else opens it, such as a search.
function fold(attributes, summary, body) {
  const head = h('summary', {}, summary);
  const details = h('details', attributes, head);
  const fill = () => { if (details.children.length === 1) details.append(body()); };
  head.addEventListener('click', fill);
  details.addEventListener('toggle', () => { if (details.open) fill(); });
  if (details.open) fill();
  return details;
}
