// Text fields, and what is wrong with them. The field `id` has its message in `<id>-error`, and may
// have a hint in `<id>-hint`.

const part = (id) => document.getElementById(id);

// Says what is wrong with a field; an empty text says that nothing is.
export function mark(id, text) {
  // A hint can be one that several fields share.
  const hints = (part(id).getAttribute('aria-describedby') ?? '').split(' ');
  const described = new Set([...hints, `${id}-hint`, `${id}-error`].filter((one) => one && part(one)));
  if (text) part(id).setAttribute('aria-describedby', [...described].join(' '));
  markElement(part(id), part(`${id}-error`), text);
}

// The same for a field without an id.
export function markElement(input, error, text) {
  error.textContent = text;
  error.hidden = !text;
  if (text) {
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  } else {
    input.removeAttribute('aria-invalid');
  }
}

// Before a form is sent again: what was wrong may be right now.
export function unmark(form) {
  for (const { id } of form.querySelectorAll('[id][aria-invalid=true]')) mark(id, '');
}

// What stands in a field; when that is nothing, the field says that something is needed.
export function textIn(id, needed) {
  const text = part(id).value.trim();
  mark(id, text ? '' : needed);
  return text;
}
