// Administrators: what the mounts ask of passkeys.

import { MOUNT, POLICY } from './admin-mount-fields.mjs';
import { copyOf, rowOf, write, whoOf } from './admin-parts.mjs';
import { fieldOf, writeReason } from './admin-reasons.mjs';
import { filled } from './texts.mjs';
import { moment } from './times.mjs';
import words from './admin-words.mjs';

export async function policyView({ calls, mount: ofPages }) {
  const view = copyOf('policy-view');
  const mounts = await calls.mounts();
  view.querySelector('.mounts').append(...mounts.map((mount) => mountPart(mount, ofPages)));
  return view;
}

function mountPart(mount, ofPages) {
  const part = rowOf('mount-part');
  const { name } = mount;
  write(part, 'h2', name);
  write(part, 'caption', name);
  const inFile = mount.declared_in === 'configuration file';
  write(part, '.declared', inFile ? words.policy.inFile : filled(words.policy.overApi, {
    name: whoOf(mount.changed_by), time: moment(mount.changed_at),
  }));
  const section = inFile ? write(part, '.section', name === ofPages ? '[webauthn]' : `[mounts.${name}]`) : null;
  part.querySelector('.of-pages').hidden = name !== ofPages;
  if (section) section.closest('p').hidden = false;
  const change = part.querySelector('.change');
  change.hidden = inFile;
  change.href = `#mount?${new URLSearchParams({ name })}`;
  write(change, '.of', ` ${name}`);
  if (mount.problem) part.querySelector('.broken').hidden = false;
  const list = part.querySelector('.said-of-mount');
  list.hidden = mount.causes.length === 0;
  list.append(...mount.causes.map(causeOf));
  part.querySelector('tbody').append(...settings(mount));
  return part;
}

// What is wrong with the mount, or should be known of it; in front which setting it is.
function causeOf(reason) {
  const item = document.createElement('li');
  const said = writeReason(document.createElement('span'), reason);
  const field = fieldOf(reason)?.split('.').pop();
  if (Object.hasOwn(words.policy.fields, field ?? '')) item.append(`${words.policy.fields[field]}: `);
  item.append(said);
  return item;
}

// Every setting, and of the looser policy those that differ.
function settings(mount) {
  const { fields, twoFactor } = words.policy;
  const rows = [];
  for (const name of [...Object.keys(MOUNT), ...Object.keys(POLICY)]) {
    if (mount[name] !== undefined) rows.push(settingRow(fields[name], valueOf(name, mount[name])));
  }
  if (mount.two_factor) {
    for (const name of Object.keys(POLICY)) {
      const [strict, loose] = [mount[name], mount.two_factor[name]];
      if (loose !== undefined && JSON.stringify(loose) !== JSON.stringify(strict)) {
        rows.push(settingRow(`${twoFactor}: ${fields[name]}`, valueOf(name, loose)));
      }
    }
  } else {
    rows.push(settingRow(twoFactor, words.policy.off));
  }
  return rows;
}

function settingRow(label, value) {
  const row = document.createElement('tr');
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = label;
  const cell = document.createElement('td');
  cell.className = 'person';
  cell.textContent = value;
  row.append(head, cell);
  return row;
}

// An empty list of models that are allowed allows any.
function valueOf(name, value) {
  const { values, any, none } = words.policy;
  if (value === null || value === '') return any;
  if (name === 'timeout' && value === 0) return words.policy.browsersChoice;
  if (Array.isArray(value) && value.length > 0) return value.join(', ');
  if (Array.isArray(value)) return name === 'acceptable_aaguids' ? any : none;
  const text = String(value);
  return Object.hasOwn(values, text) ? values[text] : text;
}
