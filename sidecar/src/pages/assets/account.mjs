// The account page: add, rename and remove passkeys.

import { api } from './api.mjs';
import { supported } from './credentials.mjs';
import { markElement } from './fields.mjs';
import { answerOf, freshness } from './freshness.mjs';
import { suggestion } from './label.mjs';
import { notices } from './notice.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import { signals } from './signals.mjs';
import { explain, filled, unsupported } from './texts.mjs';
import { isNew, writeTime } from './times.mjs';
import { register } from './whole-ceremony.mjs';
import words from './words.mjs';

const card = document.getElementById('account');
const { base, mount, rpId, userName } = card.dataset;
const calls = api(base, mount);
const notice = notices(card);
const allowed = freshness(calls, notice, { base, userName });
const passwordManager = signals(rpId);
const { alone } = oneAtATime();
const list = document.getElementById('passkeys');

for (const row of list.children) prepare(row);
tellPasswordManager();
document.getElementById('add').addEventListener('click', () => alone(add));

async function add() {
  if (!supported()) {
    notice.tell(unsupported());
    return;
  }
  let added;
  try {
    const begun = await allowed(() => calls.registerBegin({}));
    added = await register(calls, notice, () => begun);
  } catch (error) {
    if (error.orphan) passwordManager.orphan(calls, error.orphan);
    notice.fail(error, 'create');
    return;
  }
  // The session was good for this alone; from here on it is like any other.
  if (card.dataset.mustRegister === 'true') {
    await calls.refresh().catch(() => {});
    document.getElementById('must-register').hidden = true;
  }
  const row = rowOf(added.passkey);
  list.append(row);
  listChanged();
  notice.say(words.done.added, 'good');
  rename(row, suggestion(added.passkey, navigator.userAgent));
}

function prepare(row) {
  const on = (action, work) => {
    row.querySelector(`[data-action="${action}"]`).addEventListener('click', () => work(row));
  };
  on('rename', (one) => rename(one, titleOf(one)));
  on('remove', () => alone(() => remove(row)));
  on('keep-name', (one) => viewing(one, true));
  const form = row.querySelector('form');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    alone(() => saveName(row, form.elements.label.value.trim()));
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') viewing(row, true);
  });
  for (const time of row.querySelectorAll('time')) {
    writeTime(time, { recent: time.classList.contains('passkey-used') });
  }
  const unused = row.querySelector('.passkey-unused');
  if (unused && isNew(new Date(row.querySelector('.passkey-created').dateTime), Date.now())) {
    unused.hidden = true;
    row.querySelector('.passkey-dot').hidden = true;
  }
}

function titleOf(row) {
  return row.querySelector('.passkey-title').textContent;
}

function markLabel(row, text) {
  const input = row.querySelector('form').elements.label;
  markElement(input, row.querySelector('.field-error'), text);
}

function rename(row, proposed) {
  markLabel(row, '');
  const input = row.querySelector('form').elements.label;
  input.value = proposed;
  viewing(row, false);
  input.focus();
  input.select();
}

function viewing(row, yes) {
  row.querySelector('.passkey-view').hidden = !yes;
  row.querySelector('form').hidden = yes;
  if (yes) row.querySelector('[data-action="rename"]').focus();
}

async function saveName(row, name) {
  notice.clear();
  markLabel(row, name ? '' : words.field.labelNeeded);
  if (!name) return;
  try {
    await allowed(() => calls.rename(row.dataset.id, name));
  } catch (error) {
    if (error.slug === 'bad-request') markLabel(row, words.field.labelRefused);
    else notice.fail(error, 'login');
    return;
  }
  setTitle(row, name);
  viewing(row, true);
  notice.say(filled(words.done.renamed, { name }), 'good');
}

async function remove(row) {
  notice.clear();
  if (list.children.length === 1) {
    notice.tell(explain({ name: 'Problem', slug: 'last-passkey' }, 'login'));
    return;
  }
  const name = titleOf(row);
  document.getElementById('confirm-remove-name').textContent = name;
  if ((await answerOf('confirm-remove')) !== 'remove') return;
  try {
    await allowed(() => calls.remove(row.dataset.id));
  } catch (error) {
    notice.fail(error, 'login');
    return;
  }
  row.remove();
  notice.say(filled(words.done.removed, { name }), 'good');
  document.getElementById('passkeys-title').focus();
  listChanged();
  withoutIt(row.dataset.id);
}

// Nobody waits for this: the list is right already.
async function withoutIt(id) {
  await passwordManager.removed(id);
  // This login may have been made with it, and has ended then. The page that comes says so.
  if (await loggedOut()) location.reload();
}

async function loggedOut() {
  try {
    await calls.passkeys();
    return false;
  } catch (error) {
    return error.status === 401;
  }
}

function rowOf(passkey) {
  const row = document.getElementById('passkey-row').content.firstElementChild.cloneNode(true);
  const keeping = !passkey.backup_eligible ? 'device' : passkey.backup_state ? 'synced' : 'syncable';
  const title = passkey.label || passkey.authenticator || words.passkey;
  row.dataset.id = passkey.id;
  row.querySelector('.passkey-icon').dataset.keeping = keeping;
  for (const badge of row.querySelectorAll('[data-when]')) {
    badge.hidden = badge.dataset.when !== keeping;
  }
  for (const badge of row.querySelectorAll('[data-way]')) {
    badge.hidden = !passkey.transports.includes(badge.dataset.way);
  }
  row.querySelector('.passkey-attested').hidden = !passkey.attested;
  const authenticator = row.querySelector('.passkey-authenticator');
  authenticator.textContent = passkey.authenticator ?? '';
  authenticator.hidden = !passkey.authenticator || passkey.authenticator === title;
  // All zeros is what browsers write in place of one.
  row.querySelector('.passkey-model').hidden = !/[^0-]/.test(passkey.aaguid);
  row.querySelector('.passkey-aaguid').textContent = passkey.aaguid;
  row.querySelector('.passkey-created').dateTime = passkey.created_at ?? '';
  setTitle(row, title);
  prepare(row);
  return row;
}

function setTitle(row, title) {
  row.querySelector('.passkey-title').textContent = title;
  for (const part of row.querySelectorAll('.passkey-of')) part.textContent = ` ${title}`;
}

function listChanged() {
  document.getElementById('only-one').hidden = list.children.length !== 1;
  const warning = document.getElementById('some-disabled');
  if (warning) warning.hidden = !list.querySelector('.badge-alert:not([hidden])');
  tellPasswordManager();
}

function tellPasswordManager() {
  passwordManager.account(calls);
}
