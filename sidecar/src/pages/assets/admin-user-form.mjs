// Administrators: what can be written about a user.

import { namesIn, sure } from './admin-parts.mjs';
import { inWords } from './admin-reasons.mjs';
import { tellField } from './admin-users.mjs';
import { unmark } from './fields.mjs';
import { filled } from './texts.mjs';
import words from './admin-words.mjs';

const LIMITS = ['token_ttl', 'token_period', 'token_max_ttl'];

export function fillForm({ calls, act, user, notice, done, userName }, form) {
  const { elements } = form;
  const before = fieldsOf(user);
  for (const [name, value] of Object.entries(before)) elements[name].value = value;
  elements.must_register_passkey.checked = user.must_register_passkey;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    unmark(form);
    const changes = changesIn(elements, before, user);
    if (Object.keys(changes).length === 0) {
      notice.say(words.done.nothing);
      return;
    }
    const left = changes.remove_groups ?? [];
    if (user.name === userName && left.length > 0 && !(await sure('leave', { groups: left.join(words.bulk.between) }))) return;
    const changed = await act(() => calls.changeUser(user.id, changes), {
      onRefused: (error) => tellField(error, elements),
    });
    if (!changed) return;
    done(savedAs(changed.answer.causes ?? []));
  });
}

// What is said of a change, with what its maker should know of it.
export function savedAs(causes) {
  if (causes.length === 0) return words.done.saved;
  const said = causes.map(inWords).map(({ text, quoted }) => text ?? quoted);
  return filled(words.done.savedBut, { causes: said.join(' ') });
}

// The fields as texts, as they stand in the form.
function fieldsOf(user) {
  const texts = {
    display_name: user.display_name,
    email: user.email ?? '',
    groups: user.groups.join(', '),
    token_policies: user.token_policies.join(', '),
  };
  for (const name of LIMITS) texts[name] = spanOf(user[name]);
  return texts;
}

// Seconds as an administrator writes them: in the largest unit that leaves no rest.
export function spanOf(seconds) {
  if (!seconds) return '';
  const [factor, unit] = [[86_400, 'd'], [3_600, 'h'], [60, 'm']].find(([one]) => seconds % one === 0) ?? [1, 's'];
  return `${seconds / factor}${unit}`;
}

// Which groups came and which went: of the others somebody else may have changed some meanwhile.
export function cameAndWent(before, after) {
  const changes = {};
  const came = after.filter((group) => !before.includes(group));
  const went = before.filter((group) => !after.includes(group));
  if (came.length > 0) changes.add_groups = came;
  if (went.length > 0) changes.remove_groups = went;
  return changes;
}

// Only what was changed is sent, so that nothing is undone that somebody else has changed.
function changesIn(elements, before, user) {
  const changes = {};
  for (const [name, value] of Object.entries(before)) {
    const text = elements[name].value.trim();
    if (text === value) continue;
    if (name === 'groups') Object.assign(changes, cameAndWent(user.groups, namesIn(text)));
    else if (name === 'token_policies') changes[name] = namesIn(text);
    else if (name === 'email') changes.email = text || null;
    else if (LIMITS.includes(name)) changes[name] = text || 0;
    else changes[name] = text;
  }
  const must = elements.must_register_passkey.checked;
  if (must !== user.must_register_passkey) changes.must_register_passkey = must;
  return changes;
}
