// Administrators: the settings of a mount as fields of a form. What is left empty is as the service
// has it when nobody says anything, so no default is written down here a second time.

import words from './admin-words.mjs';

const REQUIREMENT = ['required', 'preferred', 'discouraged'];
const SWITCH = ['true', 'false'];

// What both policies of a mount have, and what the mount has besides.
export const POLICY = {
  user_verification: { choice: REQUIREMENT },
  registration_user_verification: { choice: REQUIREMENT },
  discoverable_credential: { choice: REQUIREMENT },
  authenticator_attachment: { choice: ['platform', 'cross-platform'] },
  algorithms: { several: ['ES256', 'ES384', 'RS256'] },
  timeout: { number: true },
  attestation: { choice: ['none', 'indirect', 'direct', 'enterprise'] },
  refuse_compromised: { choice: SWITCH },
  avoid_same_authenticator: { choice: SWITCH },
  acceptable_aaguids: { list: true },
  forbidden_aaguids: { list: true },
  hints: { several: ['security-key', 'client-device', 'hybrid'] },
};
export const MOUNT = {
  rp_id: { text: true },
  rp_display_name: { text: true },
  rp_origins: { list: true },
  auto_registration: { choice: SWITCH },
  max_credentials: { number: true },
};

// The fields of `kinds` in a form; `prefix` tells those of the looser policy from the others.
export function fieldsFor(kinds, prefix, values) {
  return Object.entries(kinds).map(([name, kind]) => fieldFor(name, kind, prefix, values[name]));
}

function fieldFor(name, kind, prefix, value) {
  const id = `mount-${prefix}${name}`;
  const text = words.policy.fields[name];
  if (kind.several) return severalFor(kind.several, { id, name: prefix + name, text, value: value ?? [] });
  const label = Object.assign(document.createElement('label'), { htmlFor: id, textContent: text });
  const input = inputFor(kind, value);
  Object.assign(input, { id, name: prefix + name });
  return fieldOf(document.createElement('div'), id, name, label, input);
}

function fieldOf(field, id, name, label, input) {
  field.className = 'field';
  field.append(label);
  if (Object.hasOwn(words.mount.hints, name)) {
    const hint = Object.assign(document.createElement('p'), { className: 'field-hint', id: `${id}-hint` });
    hint.textContent = words.mount.hints[name];
    input.setAttribute('aria-describedby', hint.id);
    field.append(hint);
  }
  const error = Object.assign(document.createElement('p'), { className: 'field-error', id: `${id}-error` });
  error.hidden = true;
  field.append(input, error);
  return field;
}

function inputFor(kind, value) {
  if (kind.choice) {
    const select = document.createElement('select');
    const options = kind.choice.map((one) => new Option(words.policy.values[one] ?? one, one));
    select.append(new Option(words.mount.byDefault, ''), ...options);
    select.value = value === undefined || value === null ? '' : String(value);
    return select;
  }
  const input = document.createElement(kind.list ? 'textarea' : 'input');
  Object.assign(input, { autocomplete: 'off', spellcheck: false, autocapitalize: 'none' });
  if (kind.number) input.inputMode = 'numeric';
  if (kind.list) input.rows = 2;
  input.value = shownIn(kind, value);
  return input;
}

function severalFor(choices, { id, name, text, value }) {
  const group = document.createElement('fieldset');
  group.id = id;
  group.className = 'several';
  const legend = Object.assign(document.createElement('legend'), { textContent: text });
  group.append(legend, ...choices.map((one) => {
    const choice = Object.assign(document.createElement('label'), { className: 'choice' });
    const input = Object.assign(document.createElement('input'), { type: 'checkbox', name, value: one });
    input.checked = value.includes(one);
    const shown = document.createElement('span');
    shown.textContent = words.mount.choices[one] ?? one;
    choice.append(input, ' ', shown);
    return choice;
  }));
  return group;
}

function shownIn(kind, value) {
  if (value === undefined || value === null) return '';
  return kind.list ? value.join('\n') : String(value);
}

// What was changed of `before`, by the names of the API; `null` sets one back to its default. An order
// that the administrator has given lists stays, what is new comes last.
export function changesOf(kinds, prefix, elements, before) {
  const changes = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const old = before[name] ?? null;
    const value = valueIn(kind, elements, prefix + name, old);
    if (JSON.stringify(value) !== JSON.stringify(isEmpty(old) ? null : old)) changes[name] = value;
  }
  return changes;
}

function isEmpty(value) {
  return value === '' || (Array.isArray(value) && value.length === 0);
}

function valueIn(kind, elements, name, old) {
  if (kind.several) {
    const chosen = kind.several.filter((one) => [...elements[name]].find((it) => it.value === one).checked);
    const kept = (old ?? []).filter((one) => chosen.includes(one));
    const all = [...kept, ...chosen.filter((one) => !kept.includes(one))];
    return all.length > 0 ? all : null;
  }
  const text = elements[name].value.trim();
  if (text === '') return null;
  if (kind.list) return text.split(/[\s,，、]+/).filter((one) => one !== '');
  if (kind.choice === SWITCH) return text === 'true';
  // What is no number is for the service to refuse, by the name of the field.
  if (kind.number) return /^\d+$/.test(text) ? Number(text) : text;
  return text;
}
