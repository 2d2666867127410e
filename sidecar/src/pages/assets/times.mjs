// Times in the language of the page and the time zone of its reader.

import words from './words.mjs';

const locale = localeOf(document.documentElement.lang, navigator.languages ?? []);
const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'long' });
const moments = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' });
const ago = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });

// The reader's own variety of the page's language: London and Boston write dates differently.
export function localeOf(language, wished) {
  const kind = (tag) => {
    try {
      const full = new Intl.Locale(tag).maximize();
      return `${full.language}-${full.script}`;
    } catch {
      return tag;
    }
  };
  return wished.find((tag) => kind(tag) === kind(language)) ?? language;
}

// Writes the time of a <time> element; `recent` ones by how long ago they were.
export function writeTime(element, { recent = false, clock = false } = {}) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  element.title = moments.format(at);
  if (recent) element.textContent = recently(at, Date.now());
  else element.textContent = (clock ? moments : dates).format(at);
}

// Day and time of an instant, as text.
export function moment(instant) {
  return moments.format(new Date(instant));
}

// Whether something was made within the last day. A passkey makes a session when it is registered:
// nobody wants to read that it was never used then.
export function isNew(at, now) {
  return now - at.getTime() < 86_400_000;
}

export function recently(at, now) {
  const minutes = Math.round((at.getTime() - now) / 60_000);
  if (minutes > -1) return words.time.justNow;
  if (minutes > -60) return ago.format(minutes, 'minute');
  if (minutes > -1440) return ago.format(Math.round(minutes / 60), 'hour');
  if (minutes > -10_080) return ago.format(Math.round(minutes / 1440), 'day');
  return dates.format(at);
}
