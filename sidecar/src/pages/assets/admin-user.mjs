// Administrators: one user, with everything that can be done for and to them.

import { fillLink } from './admin-links.mjs';
import { badge, copyOf, placeOf, rowOf, statesOf, sure, write, writeWhen } from './admin-parts.mjs';
import { fieldOf, inWords, reasonOf } from './admin-reasons.mjs';
import { sessionRow } from './admin-sessions.mjs';
import { fillForm } from './admin-user-form.mjs';
import { markElement } from './fields.mjs';
import { filled } from './texts.mjs';
import { isNew, moment } from './times.mjs';
import words from './admin-words.mjs';

export async function userView(context, place) {
  const { calls } = context;
  let user;
  try {
    user = await calls.user(place.user);
  } catch (error) {
    if (error.slug !== 'not-found') throw error;
    return nobody(place.user);
  }
  const [{ passkeys }, { sessions }, mounts] = await Promise.all([
    calls.passkeys(user.id), calls.sessionsOf(user.id), calls.mounts(),
  ]);
  const view = copyOf('user-view');
  write(view, 'h1', user.display_name || user.name);
  view.querySelector('.states').append(...statesOf(user));
  if (user.name === context.userName) view.querySelector('.states').append(badge(words.state.own));
  write(view, '.facts .name', user.name);
  writeWhen(view, '.created', user.created_at);
  writeWhen(view, '.facts .last-login', user.last_login_at, { recent: true }, user.sessions > 0 ? words.loggedIn : words.never);
  const tools = { ...context, user, done: (say) => context.go(placeOf(user.name), { say }) };
  fillLink(tools, context, view.querySelector('#link-part'), mounts);
  fillCodes(tools, view);
  fillPasskeys(tools, view.querySelector('#passkeys-part'), passkeys);
  fillSessions(tools, view.querySelector('#user-sessions-part'), sessions);
  fillForm(tools, view.querySelector('form#user-form'));
  fillAccess(tools, view);
  view.querySelector('.to-audit').href = `#audit?${new URLSearchParams({ user: user.name })}`;
  return view;
}

// Deleted meanwhile, or mistyped.
function nobody(name) {
  const view = copyOf('nobody-view');
  write(view, 'h1', name);
  return view;
}

// Somebody else may have made them, who had the account in hands.
function fillCodes({ calls, act, user, done }, view) {
  write(view, '.codes-left', user.recovery_codes);
  const withdraw = view.querySelector('.withdraw-codes');
  withdraw.hidden = user.recovery_codes === 0;
  withdraw.addEventListener('click', async () => {
    if (!(await sure('withdrawCodes', { name: user.name }))) return;
    if (await act(() => calls.withdrawCodes(user.id))) done(words.done.codesWithdrawn);
  });
}

function fillPasskeys(tools, part, passkeys) {
  part.querySelector('.empty').hidden = passkeys.length > 0;
  part.querySelector('ul').append(...passkeys.map((passkey) => passkeyRow(tools, passkey)));
}

function passkeyRow({ calls, act, user, done }, passkey) {
  const row = rowOf('passkey-row');
  const keeping = !passkey.backup_eligible ? 'device' : passkey.backup_state ? 'synced' : 'syncable';
  const title = passkey.label || passkey.authenticator || words.passkey.unnamed;
  row.dataset.id = passkey.id;
  row.querySelector('.passkey-icon').dataset.keeping = keeping;
  write(row, '.passkey-title', title);
  for (const of of row.querySelectorAll('.of')) of.textContent = ` ${title}`;
  const kinds = [badge(words.passkey[keeping])];
  if (passkey.attested) kinds.push(badge(words.passkey.attested, 'good'));
  if (passkey.disabled_at) kinds.unshift(badge(words.passkey.disabled, 'alert'));
  const authenticator = document.createElement('span');
  authenticator.className = 'passkey-authenticator';
  authenticator.textContent = passkey.authenticator ?? words.passkey.unknown;
  row.querySelector('.badges').append(authenticator, ...kinds);
  write(row, '.passkey-times', factsOf(passkey).join(' · '));

  const view = row.querySelector('.passkey-view');
  const form = row.querySelector('form');
  const editing = (yes) => {
    view.hidden = yes;
    form.hidden = !yes;
    if (yes) form.elements.label.select();
    else row.querySelector('.rename').focus();
  };
  row.querySelector('.rename').addEventListener('click', () => {
    form.elements.label.value = passkey.label;
    editing(true);
    form.elements.label.focus();
  });
  row.querySelector('.keep').addEventListener('click', () => editing(false));
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') editing(false);
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const label = form.elements.label.value.trim();
    const refused = (error) => {
      const reason = reasonOf(error);
      if (fieldOf(reason) !== 'label') return false;
      markElement(form.elements.label, row.querySelector('.field-error'), inWords(reason).text);
      return true;
    };
    const changed = await act(() => calls.labelPasskey(user.id, passkey.id, label), { onRefused: refused });
    if (changed) done(filled(words.done.renamed, { name: label }));
  });
  row.querySelector('.remove').addEventListener('click', async () => {
    if (!(await sure('removePasskey', { passkey: title, name: user.name }))) return;
    if (await act(() => calls.removePasskey(user.id, passkey.id))) done(filled(words.done.removed, { name: title }));
  });
  return row;
}

// When it was made and used, and how it is reached.
function factsOf(passkey) {
  const { added, lastUsed, unused, ways, at } = words.passkey;
  const facts = [filled(added, { time: moment(passkey.created_at) })];
  if (passkey.last_used_at) facts.push(filled(lastUsed, { time: moment(passkey.last_used_at) }));
  else if (!isNew(new Date(passkey.created_at), Date.now())) facts.push(unused);
  const named = passkey.transports.map((way) => (Object.hasOwn(ways, way) ? ways[way] : way));
  if (named.length > 0) facts.push(named.join(', '));
  facts.push(filled(at, { mount: passkey.mount }));
  // All zeros is what browsers write in place of one.
  if (/[^0-]/.test(passkey.aaguid)) facts.push(`AAGUID ${passkey.aaguid}`);
  return facts;
}

function fillSessions(tools, part, sessions) {
  const { calls, act, user, done } = tools;
  part.querySelector('.empty').hidden = sessions.length > 0;
  part.querySelector('ul').append(...sessions.map((session) => sessionRow(tools, session, done)));
  const endAll = part.querySelector('.end-all');
  endAll.hidden = sessions.length < 2;
  endAll.addEventListener('click', async () => {
    if (!(await sure('endAll', { name: user.name }))) return;
    if (await act(() => calls.endSessionsOf(user.id))) done(filled(words.done.endedAll, { name: user.name }));
  });
}

function fillAccess({ calls, act, user, userName, go, done }, view) {
  const own = user.name === userName;
  const text = own ? words.access.own : user.disabled ? words.access.off : words.access.on;
  write(view, '.access-text', filled(text, { name: user.name }));
  const toggle = write(view, '.toggle', user.disabled ? words.access.enable : words.access.disable);
  toggle.classList.toggle('button-danger', !user.disabled);
  toggle.hidden = own;
  toggle.addEventListener('click', async () => {
    const disabled = !user.disabled;
    if (disabled && !(await sure('disable', { name: user.name }))) return;
    if (!(await act(() => (disabled ? calls.disableUser(user.id) : calls.enableUser(user.id))))) return;
    done(filled(disabled ? words.done.disabled : words.done.enabled, { name: user.name }));
  });
  const remove = view.querySelector('.delete');
  remove.hidden = own;
  remove.addEventListener('click', async () => {
    if (!(await sure('delete', { name: user.name }))) return;
    if (await act(() => calls.deleteUser(user.id))) go('#users', { say: filled(words.done.deleted, { name: user.name }) });
  });
}
