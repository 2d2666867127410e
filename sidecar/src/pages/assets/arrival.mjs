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

// A redirect hands on what stands behind the # of the page that wanted the login, such as the user
// whom an administrator had open. `#register` and `#login` are this page's own.
export function withFragment(place, fragment) {
  const own = ['', '#', '#register', '#login'].includes(fragment);
  return own || place.includes('#') ? place : place + fragment;
}

// Notes that the visitor leaves for `place`, having been sent back from there `returns` times.
export function leave(place, returns, storage, now) {
  try {
    storage().setItem(KEY, JSON.stringify({ place, at: now, returns }));
  } catch {
    // Storage is blocked together with cookies, and those are checked before anyone leaves.
  }
}

// How often in a row the visitor has come back from `place` moments after leaving for it. Asking
// forgets it.
export function returnsFrom(place, storage, now) {
  try {
    const note = JSON.parse(storage().getItem(KEY) ?? 'null');
    storage().removeItem(KEY);
    const soon = note !== null && note.place === place && now >= note.at && now - note.at < SOON;
    return soon ? note.returns + 1 : 0;
  } catch {
    return 0;
  }
}

// A gateway sends back by redirecting, and once is proof; but not where the visitor has just got a new
// token, because the one before may have ended since: then the new one has its try. An application may
// do it by script, and a person may simply click the link to the login page again: that takes a few
// times.
export function isLoop(returns, redirects, renewed) {
  if (redirects === 0) return returns >= 3;
  return returns >= (renewed ? 2 : 1);
}
