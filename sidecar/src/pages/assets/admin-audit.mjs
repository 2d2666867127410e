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
  const isRefused = record.result === 'refused';
  row.querySelector('.refused').hidden = !isRefused;
  // For whoever looks for it in the log or the metrics: the same word there.
  write(row, '.reason', isRefused ? record.reason : '').hidden = !isRefused || !record.reason;
  const kind = Object.hasOwn(words.actors, record.actor_kind) ? words.actors[record.actor_kind] : '';
  const named = ['administrator', 'user'].includes(record.actor_kind);
  write(row, '.actor', named ? record.actor : kind);
  write(row, '.address', record.address);
  write(row, '.detail', plainly(detailOf(record)));
  write(row, '.record', plainly(JSON.stringify(record, null, 2)));
  return row;
}

// There stands what people have called something.
const NAMED = ['passkey_label', 'key_revoke', 'mount_delete'];

// What the record adds, for people. For programs it is fixed words, such as `email; groups: +eng`: of what
// is none of these nothing is translated.
export function detailOf({ action, detail }) {
  if (!detail || NAMED.includes(action)) return detail ?? '';
  if (action === 'mount_write') return inPair(detail, (mount) => mount, fieldsOf(MOUNT_WORDS));
  return detail.split('; ').map((part) => inPair(part, fieldsOf(words.details), (value) => value)).join(' · ');
}

const MOUNT_WORDS = { ...words.policy.fields, two_factor: words.policy.twoFactor };

// `head: value`, or a head alone.
function inPair(part, sayHead, sayValue) {
  const [head, ...rest] = part.split(': ');
  if (rest.length === 0) return sayHead(head);
  return filled(words.detailPair, { what: sayHead(head), value: sayValue(rest.join(': ')) });
}

// Says names with spaces between them; where one of them is none of ours, all of it stands as it is.
function fieldsOf(said) {
  return (text) => {
    const names = text.split(' ');
    const known = names.every((name) => Object.hasOwn(said, name));
    return known ? names.map((name) => said[name]).join(words.detailBetween) : text;
  };
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
