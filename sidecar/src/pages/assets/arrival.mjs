// Going to where the visitor wanted to be, and noticing when that place sends them straight back.

const KEY = 'latchkey-left';
const SOON = 20_000;

// The server has checked the address already; this is the second lock on that door.
export function ownPath(text, origin) {
  if (typeof text !== 'string' || !text.startsWith('/') || /[\\\u0000-\u001f\u007f]/.test(text)) {
    return '/';
  }
  try {
    const url = new URL(text, origin);
    if (url.origin !== origin || url.pathname.startsWith('//')) return '/';
    return url.pathname + url.search + url.hash;
  } catch {
    return '/';
  }
}

export function leave(place, storage, now) {
  try {
    storage().setItem(KEY, JSON.stringify({ place, at: now }));
  } catch {
    // Storage is blocked together with cookies, and those are checked before anyone leaves.
  }
}

// Whether the visitor left for `place` a moment ago. Asking forgets it.
export function cameBack(place, storage, now) {
  try {
    const note = JSON.parse(storage().getItem(KEY) ?? 'null');
    storage().removeItem(KEY);
    return note !== null && note.place === place && now >= note.at && now - note.at < SOON;
  } catch {
    return false;
  }
}
