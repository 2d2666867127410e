// Administrators: who did what to whom, when, from where, with which result.

import { asked, fullPage } from './admin-api.mjs';
import { copyOf, page, placeOf, rowOf, write } from './admin-parts.mjs';
import { saveAs } from './saving.mjs';
import { writeTime } from './times.mjs';
import { filled } from './texts.mjs';
import words from './admin-words.mjs';

const LIMIT = 50;
// Records in one file at most, fetched so many at a time.
const MOST_LINES = 20_000;
const LINES = 1_000;

export async function auditView(context, { query }) {
  const { calls, go } = context;
  const search = { user: query.user, actor: query.actor, action: query.action, address: query.address, since: query.since, until: query.until };
  const { records, next } = await fullPage(calls.records, 'records', { ...search, after: query.after, limit: LIMIT });
  const view = copyOf('audit-view');
  const form = view.querySelector('form');
  fillSearch(form, search);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    go(`#audit${asked(searchIn(form))}`);
  });
  for (const link of view.querySelectorAll('.spans a')) {
    const since = new Date(Date.now() - link.dataset.days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
    link.href = `#audit${asked({ ...search, since, until: '' })}`;
  }
  view.querySelector('.empty').hidden = records.length > 0;
  view.querySelector('table').hidden = records.length === 0;
  view.querySelector('tbody').append(...records.map(recordRow));
  view.querySelector('.save-lines').addEventListener('click', () => saveLines(context, search));
  page(view, '#audit', { ...search, after: query.after }, next);
  return view;
}

function fillSearch(form, search) {
  const { elements } = form;
  const actions = Object.entries(words.actions).sort(([, one], [, other]) => one.localeCompare(other));
  for (const [action, name] of actions) elements.action.append(new Option(name, action));
  // One that has no words, from a link.
  if (search.action && !Object.hasOwn(words.actions, search.action)) elements.action.append(new Option(search.action));
  for (const name of ['user', 'actor', 'action', 'address']) elements[name].value = search[name] ?? '';
  for (const name of ['since', 'until']) elements[name].value = localOf(search[name]);
}

function searchIn(form) {
  const wanted = Object.fromEntries(new FormData(form));
  for (const name of ['user', 'actor', 'address']) wanted[name] = wanted[name].trim();
  for (const name of ['since', 'until']) wanted[name] = instantOf(wanted[name]);
  return wanted;
}

// What a date field holds is the reader's own time; addresses and the service have UTC.
export function instantOf(local) {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString().replace(/\.\d+Z$/, 'Z');
}

export function localOf(instant) {
  const at = new Date(instant ?? '');
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function recordRow(record) {
  const row = rowOf('audit-row');
  const at = row.querySelector('.at');
  at.dateTime = record.at;
  writeTime(at, { clock: true });
  const what = Object.hasOwn(words.actions, record.action) ? words.actions[record.action] : record.action;
  write(row, '.what', record.count > 1 ? filled(words.times, { what, count: record.count }) : what);
  if (record.user) {
    const whom = write(row, '.whom', record.user);
    whom.href = placeOf(record.user);
    whom.hidden = false;
  }
  const refused = write(row, '.refused', record.result === 'refused' ? words.refusedAction : '');
  refused.hidden = record.result !== 'refused';
  const kind = Object.hasOwn(words.actors, record.actor_kind) ? words.actors[record.actor_kind] : '';
  const named = ['administrator', 'user'].includes(record.actor_kind);
  write(row, '.actor', named ? record.actor : kind);
  write(row, '.address', record.address);
  write(row, '.detail', plainly(record.detail ?? ''));
  write(row, '.record', plainly(JSON.stringify(record, null, 2)));
  return row;
}

// With characters that change how others look written as escapes, which are JSON as well.
export function plainly(json) {
  return json.replace(/[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// All that was searched for, one record in a line, as a file.
async function saveLines({ calls, act, notice }, search) {
  const lines = [];
  const done = await act(async () => {
    let after;
    do {
      const found = await calls.records({ ...search, after, limit: LINES });
      lines.push(...found.records.map((record) => JSON.stringify(record)));
      after = found.next;
    } while (after && lines.length < MOST_LINES);
  });
  if (!done) return;
  saveAs('audit.jsonl', [`${lines.join('\n')}\n`], 'application/jsonl');
  notice.say(filled(words.done.linesSaved, { count: lines.length }), 'good');
}
