// Administrators: the list of users, and a new one.

import { fillBulk } from './admin-bulk.mjs';
import { fillMounts } from './admin-links.mjs';
import { badge, copyOf, namesIn, page, placeOf, rowOf, statesOf, write, writeWhen } from './admin-parts.mjs';
import { fieldOf, markReason, reasonOf } from './admin-reasons.mjs';
import { mark, textIn, unmark } from './fields.mjs';
import { explain, filled } from './texts.mjs';
import { asked, fullPage } from './admin-api.mjs';
import words from './admin-words.mjs';

const LIMIT = 50;

export async function usersView(context, { query }) {
  const { calls, go, picked } = context;
  const { search, group, disabled, after } = query;
  const { users, next } = await fullPage(calls.users, 'users', { search, group, disabled, after, limit: LIMIT });
  const view = copyOf('users-view');
  const form = view.querySelector('form');
  form.elements.search.value = search ?? '';
  form.elements.group.value = group ?? '';
  form.elements.disabled.value = disabled ?? '';
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted = Object.fromEntries(new FormData(form));
    for (const name of Object.keys(wanted)) wanted[name] = wanted[name].trim();
    go(`#users${asked(wanted)}`);
  });
  view.querySelector('.empty').hidden = users.length > 0;
  view.querySelector('table').hidden = users.length === 0;
  view.querySelector('tbody').append(...users.map(userRow));
  context.picked = [];
  fillBulk(context, view, users, { picked, here: `#users${asked({ search, group, disabled, after })}` });
  page(view, '#users', query, next);
  return view;
}

function userRow(user) {
  const row = rowOf('users-row');
  write(row, '.name', user.name).href = placeOf(user.name);
  row.querySelector('.pick-one').setAttribute('aria-label', filled(words.bulk.pick, { name: user.name }));
  write(row, '.display', user.display_name === user.name ? '' : user.display_name);
  write(row, '.email', user.email);
  row.querySelector('.groups').append(...user.groups.map((group) => {
    const shown = badge(group);
    shown.classList.add('person');
    return shown;
  }));
  write(row, '.passkey-count', user.passkeys);
  writeWhen(row, '.last-login', user.last_login_at, { recent: true }, user.sessions > 0 ? words.loggedIn : words.never);
  row.querySelector('.states').append(...statesOf(user));
  return row;
}

export async function newUserView(context) {
  const mounts = await context.calls.mounts();
  const view = copyOf('new-view');
  const form = view.querySelector('form');
  fillMounts(form.querySelector('.link-mount'), mounts, context.mount);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    create(context, form);
  });
  return view;
}

async function create(context, form) {
  const { calls, act, go } = context;
  const { elements } = form;
  unmark(form);
  const name = textIn('new-name', words.field.nameNeeded);
  if (!name) return;
  const at = elements.mount.value || context.mount;
  // The service makes a link along with the user for the mount of these pages only.
  const apart = elements.enroll.checked && at !== context.mount;
  const fields = { name, enroll: elements.enroll.checked && !apart };
  if (elements.display_name.value.trim()) fields.display_name = elements.display_name.value.trim();
  if (elements.email.value.trim()) fields.email = elements.email.value.trim();
  const groups = namesIn(elements.groups.value);
  if (groups.length > 0) fields.groups = groups;
  const done = await act(() => calls.createUser(fields), {
    onRefused: (error) => {
      const text = error.name === 'Problem' && explain(error, 'create').field;
      if (!text) return tellField(error, elements);
      mark('new-name', text);
      return true;
    },
  });
  if (!done) return;
  const { answer } = done;
  const link = apart ? (await act(() => calls.makeLink(answer.id, at)))?.answer : answer;
  context.made = { user: answer.id, link: link?.enrolment };
  go(placeOf(answer.name), { say: filled(words.done.created, { name: answer.name }) });
}

// Says what is wrong with a field of the form, below it; or that there is no such field.
export function tellField(error, elements) {
  const reason = reasonOf(error);
  const field = fieldOf(reason)?.replace(/^(?:add|remove)_/, '');
  const id = elements[field ?? '']?.id;
  if (!id || !document.getElementById(`${id}-error`)) return false;
  markReason(id, reason);
  return true;
}
