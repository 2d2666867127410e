// Administrators: what the mounts ask of passkeys. Shown; it is changed where it was declared.

import { copyOf, rowOf, write } from './admin-parts.mjs';
import words from './admin-words.mjs';

export async function policyView({ calls }) {
  const view = copyOf('policy-view');
  const mounts = await calls.mounts();
  view.querySelector('.mounts').append(...mounts.map(mountPart));
  return view;
}

function mountPart(mount) {
  const part = rowOf('mount-part');
  write(part, 'h2', mount.name);
  write(part, 'caption', mount.name);
  const inFile = mount.declared_in === 'configuration file';
  write(part, '.declared', inFile ? words.policy.inFile : words.policy.overApi);
  part.querySelector('tbody').append(...settings(mount));
  return part;
}

// Every setting that there are words for, and of the looser policy those that differ.
function settings(mount) {
  const { fields, twoFactor } = words.policy;
  const rows = [];
  for (const [name, label] of Object.entries(fields)) {
    if (mount[name] !== undefined) rows.push(settingRow(label, valueOf(name, mount[name])));
  }
  if (mount.two_factor) {
    for (const [name, label] of Object.entries(fields)) {
      const [strict, loose] = [mount[name], mount.two_factor[name]];
      if (loose !== undefined && JSON.stringify(loose) !== JSON.stringify(strict)) {
        rows.push(settingRow(`${twoFactor}: ${label}`, valueOf(name, loose)));
      }
    }
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
  if (Array.isArray(value) && value.length > 0) return value.join(', ');
  if (Array.isArray(value)) return name === 'acceptable_aaguids' ? any : none;
  const text = String(value);
  return Object.hasOwn(values, text) ? values[text] : text;
}
