// The account page: add, rename and remove passkeys.

import { api } from './api.mjs';
import { createPasskey, usePasskey } from './ceremony.mjs';
import { supported } from './credentials.mjs';
import { notices } from './notice.mjs';
import { DONE, FIELD, PASSKEY, WAITING, explain, unsupported } from './texts.mjs';

const card = document.getElementById('account');
const { base, mount, rpId, userName, userHandle } = card.dataset;
const calls = api(base, mount);
const notice = notices(card);
const list = document.getElementById('passkeys');
const dates = new Intl.DateTimeFormat(language(), { dateStyle: 'long' });
const moments = new Intl.DateTimeFormat(language(), { dateStyle: 'long', timeStyle: 'short' });
const ago = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' });

let busy = false;

for (const row of list.children) prepare(row);
tellPasswordManagers();
document.getElementById('add').addEventListener('click', () => alone(add));

function language() {
  return navigator.language?.startsWith('en') ? navigator.language : 'en-GB';
}

// One change at a time, however fast somebody clicks.
async function alone(work) {
  if (busy) return;
  busy = true;
  try {
    await work();
  } finally {
    busy = false;
  }
}

async function add() {
  if (!supported()) {
    notice.tell(unsupported());
    return;
  }
  let added;
  try {
    const begun = await allowed(() => calls.registerBegin({}));
    added = await notice.during(WAITING.create, async (signal, tooLate) => {
      const attestation = await createPasskey(begun.publicKey, signal);
      tooLate();
      return calls.registerFinish(attestation);
    });
  } catch (error) {
    notice.fail(error, 'create');
    return;
  }
  // The session was good for this alone; from here on it is like any other.
  if (card.dataset.mustRegister === 'true') await calls.refresh().catch(() => {});
  const row = rowOf(added.passkey);
  list.append(row);
  listChanged();
  notice.say(DONE.added, 'good');
  rename(row);
}

// Runs `work`; where the service wants the visitor to prove presence first, asks for that and
// runs it again. A session token that ran out is renewed once.
async function allowed(work) {
  try {
    return await work();
  } catch (error) {
    if (error.slug === 'fresh-login-required') await provePresence();
    else if (error.slug === 'unauthorized') await renew();
    else throw error;
  }
  try {
    return await work();
  } catch (error) {
    if (error.slug !== 'fresh-login-required') throw error;
    await provePresence();
    return work();
  }
}

async function renew() {
  try {
    await calls.refresh();
  } catch (error) {
    if (error.status !== 401) throw error;
    location.assign(`${base}/login?rd=${encodeURIComponent(`${base}/account`)}`);
    await new Promise(() => {});
  }
}

async function provePresence() {
  if ((await answerOf('confirm-presence')) !== 'yes') {
    throw new DOMException('not now', 'AbortError');
  }
  await notice.during(WAITING.login, async (signal, tooLate) => {
    const begun = await calls.loginBegin({ username: userName }, signal);
    const assertion = await usePasskey(begun.publicKey, signal);
    tooLate();
    await calls.loginFinish(assertion);
  });
}

function answerOf(id) {
  const dialog = document.getElementById(id);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
  });
}

function prepare(row) {
  const on = (action, work) => {
    row.querySelector(`[data-action="${action}"]`).addEventListener('click', () => work(row));
  };
  on('rename', rename);
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
  writeTimes(row);
}

function titleOf(row) {
  return row.querySelector('.passkey-title').textContent;
}

function markLabel(row, text) {
  const input = row.querySelector('form').elements.label;
  row.querySelector('.field-error').textContent = text;
  if (text) {
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  } else {
    input.removeAttribute('aria-invalid');
  }
}

function rename(row) {
  markLabel(row, '');
  const input = row.querySelector('form').elements.label;
  input.value = titleOf(row);
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
  markLabel(row, name ? '' : FIELD.labelNeeded);
  if (!name) return;
  try {
    await allowed(() => calls.rename(row.dataset.id, name));
  } catch (error) {
    if (error.slug === 'bad-request') markLabel(row, FIELD.labelRefused);
    else notice.fail(error, 'login');
    return;
  }
  setTitle(row, name);
  viewing(row, true);
  notice.say(DONE.renamed(name), 'good');
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
  listChanged();
  if (await loggedOut()) {
    // This login was made with it, and has ended. The page that comes says so.
    location.reload();
    return;
  }
  notice.say(DONE.removed(name), 'good');
  document.getElementById('passkeys-title').focus();
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
  const title = passkey.label || passkey.authenticator || PASSKEY;
  row.dataset.id = passkey.id;
  row.querySelector('.passkey-icon').dataset.keeping = keeping;
  for (const badge of row.querySelectorAll('[data-when]')) {
    badge.hidden = badge.dataset.when !== keeping;
  }
  const authenticator = row.querySelector('.passkey-authenticator');
  authenticator.textContent = passkey.authenticator ?? '';
  authenticator.hidden = !passkey.authenticator || passkey.authenticator === title;
  row.querySelector('.passkey-created').dateTime = passkey.created_at ?? '';
  setTitle(row, title);
  prepare(row);
  return row;
}

function setTitle(row, title) {
  row.querySelector('.passkey-title').textContent = title;
  for (const part of row.querySelectorAll('.passkey-of')) part.textContent = ` ${title}`;
}

// In the reader's own time zone; the recent ones by how long ago they were.
function writeTimes(row) {
  for (const time of row.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = moments.format(at);
    time.textContent = time.classList.contains('passkey-used') ? recently(at) : dates.format(at);
  }
}

function recently(at) {
  const minutes = Math.round((at.getTime() - Date.now()) / 60_000);
  if (minutes > -1) return 'just now';
  if (minutes > -60) return ago.format(minutes, 'minute');
  if (minutes > -1440) return ago.format(Math.round(minutes / 60), 'hour');
  if (minutes > -10_080) return ago.format(Math.round(minutes / 1440), 'day');
  return dates.format(at);
}

function listChanged() {
  document.getElementById('only-one').hidden = list.children.length !== 1;
  tellPasswordManagers();
}

// So that a password manager stops offering a passkey that was removed here.
function tellPasswordManagers() {
  const ids = [...list.children].map((row) => row.dataset.id);
  window.PublicKeyCredential?.signalAllAcceptedCredentials?.({
    rpId,
    userId: userHandle,
    allAcceptedCredentialIds: ids,
  }).catch(() => {});
}
