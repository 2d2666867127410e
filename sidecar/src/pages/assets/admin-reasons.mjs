// What the service says of what was handed in, in the reader's language: by its code and its field,
// never by its sentence. Where there are no words of our own, its sentence has to do, which is English.

import { mark } from './fields.mjs';
import { filled } from './texts.mjs';
import words from './admin-words.mjs';
import reasons from './admin-reason-words.mjs';

// What is wrong here is for whoever wrote the file, and has too many forms for words of our own.
const TECHNICAL = new Set(['document-form', 'document-version', 'metadata-refused', 'metadata-none']);

// The reason of a refusal, where it has one.
export function reasonOf(error) {
  const [reason] = Array.isArray(error.more?.errors) ? error.more.errors : [];
  return typeof reason?.code === 'string' ? reason : null;
}

// The field of a form that a reason is about: of a list it names the item.
export function fieldOf(reason) {
  return typeof reason?.field === 'string' ? reason.field.replace(/\[\d+\]$/, '') : null;
}

// The text in words of our own, or `null`; and what the service says where that is needed as well.
export function inWords(reason) {
  const last = fieldOf(reason)?.split('.').pop();
  const { code, detail = '' } = reason;
  if (Object.hasOwn(reasons.codes, code)) {
    return { text: filled(reasons.codes[code], valuesOf(reason)), quoted: TECHNICAL.has(code) ? detail : '' };
  }
  if (last && Object.hasOwn(reasons.fields, last)) return { text: reasons.fields[last], quoted: '' };
  return { text: null, quoted: detail };
}

// What the sentence names. What belongs somewhere, and in what two users differ, is said in words as well.
function valuesOf({ values = {} }) {
  if (Object.hasOwn(reasons.kinds, values.expected)) return { ...values, expected: reasons.kinds[values.expected] };
  if (!Object.hasOwn(values, 'fields')) return values;
  const named = values.fields.split(', ').map((name) => (Object.hasOwn(reasons.parts, name) ? reasons.parts[name] : name));
  return { ...values, fields: named.join(reasons.between) };
}

// Writes it into an element, marked as English where it is.
export function writeReason(part, reason) {
  const { text, quoted } = inWords(reason);
  part.textContent = text ?? quoted;
  if (text === null) part.lang = 'en';
  else part.removeAttribute('lang');
  if (text !== null && quoted) {
    const said = Object.assign(document.createElement('span'), { className: 'quoted', lang: 'en', textContent: quoted });
    part.append(' ', said);
  }
  return part;
}

// Writes it below the field with this id, and goes there.
export function markReason(id, reason) {
  mark(id, writeReason(document.getElementById(`${id}-error`), reason).textContent);
}

// Tells it in a notice. `about` is said before: which field it is, or what is left undone; `place` stands
// right in front.
export function tellReason(notice, reason, { title, about = '', place = '' } = {}) {
  const { text, quoted } = inWords(reason);
  const texts = [about, text && place + text].filter(Boolean);
  notice.tell({ title: title ?? words.refusedTitle, text: texts[0] ?? '', more: texts[1], quoted });
}
