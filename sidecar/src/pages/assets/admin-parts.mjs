// What the parts of the administrators' page have in common. Whatever comes from people is written
// as text: nothing here makes markup.

import { answerOf } from './freshness.mjs';
import { filled } from './texts.mjs';
import { writeTime } from './times.mjs';
import words from './admin-words.mjs';

// A copy of a template, not yet on the page.
export function copyOf(id) {
  return document.getElementById(id).content.cloneNode(true);
}

export function rowOf(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

export function write(root, selector, text) {
  const part = root.querySelector(selector);
  part.textContent = text ?? '';
  return part;
}

// An instant in a <time>, or a word where there is none.
export function writeWhen(root, selector, instant, how, none = '') {
  const part = root.querySelector(selector);
  if (instant) {
    part.dateTime = instant;
    writeTime(part, how);
  } else {
    part.textContent = none;
  }
}

export function badge(text, kind = '') {
  const made = document.createElement('span');
  made.className = kind ? `badge badge-${kind}` : 'badge';
  made.textContent = text;
  return made;
}

// What is to be seen of a user's state at one glance.
export function statesOf(user) {
  const states = [];
  if (user.disabled) states.push(badge(words.state.disabled, 'alert'));
  if (user.passkeys === 0) states.push(badge(words.state.noPasskey, 'warn'));
  if (user.disabled_passkeys > 0) states.push(badge(words.state.passkeyDisabled, 'alert'));
  if (user.must_register_passkey) states.push(badge(words.state.mustRegister, 'warn'));
  if (user.enrolment && !user.enrolment.expired) states.push(badge(words.state.linkOut));
  if (states.length === 0) states.push(badge(words.state.active, 'good'));
  return states;
}

// What an address such as `#users/ann?x=y` names: one of the views, or the list of users.
export function placeIn(hash, views) {
  const [path, query = ''] = hash.replace(/^#/, '').split('?', 2);
  const [name, below] = path.split('/', 2);
  const user = name === 'users' && below ? decoded(below) : null;
  const known = views.includes(name) && name !== 'user' ? name : 'users';
  return { name: user ? 'user' : known, user, query: Object.fromEntries(new URLSearchParams(query)) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Where a user is shown.
export function placeOf(name) {
  return `#users/${encodeURIComponent(name)}`;
}

// Links to the first page and the next one, which keep what was searched for.
export function page(root, place, query, next) {
  const link = (selector, after) => {
    const given = Object.entries({ ...query, after }).filter(([, value]) => value);
    const part = root.querySelector(selector);
    part.href = given.length > 0 ? `${place}?${new URLSearchParams(given)}` : place;
    return part;
  };
  link('.paging .first', '').hidden = !query.after;
  link('.paging .next', next).hidden = !next;
}

// Asks before what cannot be taken back. `kind` names the words of the question.
export async function sure(kind, values = {}) {
  const question = words.confirm[kind];
  const part = (id) => document.getElementById(id);
  part('confirm-title').textContent = filled(question.title, values);
  part('confirm-text').textContent = filled(question.text, values);
  part('confirm-yes').textContent = question.yes;
  return (await answerOf('confirm')) === 'yes';
}

// Who has done something: a user by name, or in words somebody who is none. No user is called so.
export function whoOf(name) {
  const kinds = { operator: 'operator', latchkey: 'program' };
  return Object.hasOwn(kinds, name) ? words.actors[kinds[name]] : name;
}

// Names between commas, each once.
export function namesIn(text) {
  const names = text.split(/[,，、]/).map((name) => name.trim()).filter((name) => name !== '');
  return [...new Set(names)];
}
