// Administrators: all users with their passkeys as a file, and users from a file. Nothing is imported
// that was not looked at: first it is said what would happen.

import { importing } from './admin-import.mjs';
import { fillMounts } from './admin-links.mjs';
import { badge, copyOf, rowOf, write } from './admin-parts.mjs';
import { reasonOf, tellReason, writeReason } from './admin-reasons.mjs';
import { saveAs } from './saving.mjs';
import { filled } from './texts.mjs';
import words from './admin-words.mjs';

const OWN = 'latchkey-users';
// Lines of a report that are shown; whatever is in the way comes first.
const MOST_ROWS = 200;
const WEIGHT = { conflict: 0, refused: 0, created: 1, unchanged: 2, skipped: 3 };
const KIND = { conflict: 'alert', refused: 'alert', created: 'good' };

export async function transferView(context) {
  const { calls, act, notice } = context;
  const mounts = await calls.mounts();
  const view = copyOf('transfer-view');
  view.querySelector('.export').addEventListener('click', async () => {
    const done = await act(() => calls.exported());
    if (!done) return;
    saveAs('latchkey-users.json', [done.answer], 'application/json');
    notice.say(words.transfer.exported, 'good');
  });
  fillImport(context, view, mounts);
  return view;
}

function fillImport(context, view, mounts) {
  const form = view.querySelector('form');
  const { elements } = form;
  const result = view.querySelector('.result');
  const orders = importing({
    ask: (order, how) => ask(context, order, { ...how, isLast: () => form.isConnected && how.isLast() }),
    show: (report, order) => show(result, report, order.options.skip),
    withdraw: () => {
      result.hidden = true;
    },
    unreadable: () => context.notice.tell({ title: words.transfer.noFileTitle, text: words.transfer.noFile }),
  });
  fillMounts(form.querySelector('.import-mount'), mounts, context.mount);
  form.addEventListener('change', orders.changed);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const [file] = elements.file.files;
    const [skip, mount] = [elements.skip.checked, elements.mount.value];
    orders.look(() => orderOf(file, { skip, mount }));
  });
  view.querySelector('.carry-out').addEventListener('click', orders.carryOut);
}

// What is to be sent: the file as it was when it was read, and the options as they were. `null` when
// it is no JSON, or cannot be read.
async function orderOf(file, { skip, mount }) {
  const text = await file?.text().catch(() => null);
  const format = formatOf(text ?? '');
  if (!format) return null;
  const options = { format, skip };
  // The mount of another export stands in it.
  if (format === 'keycloak' && mount) options.mount = mount;
  return { text, options };
}

export function formatOf(text) {
  try {
    const document = JSON.parse(text);
    if (typeof document !== 'object' || document === null) return null;
    return document.format === OWN ? 'latchkey' : 'keycloak';
  } catch {
    return null;
  }
}

async function ask({ calls, act, notice }, { text, options }, { dryRun, isLast }) {
  let refused = null;
  const onRefused = (error) => {
    if (!isLast()) return true;
    refused = error.more?.report ?? null;
    if (refused) return true;
    const reason = reasonOf(error);
    const { refusedTitle: title, refused: about } = words.transfer;
    if (error.slug === 'too-large' || reason?.code === 'too-many') {
      notice.tell({ title, text: words.transfer.tooMuch, quoted: `latchkey import FILE --format ${options.format}` });
      return true;
    }
    if (!reason) return false;
    const place = reason.field ? filled(words.transfer.place, { place: reason.field }) : '';
    tellReason(notice, reason, { title, about, place });
    return true;
  };
  // A question waits for the one before it; a second click on the button is one too many.
  const answered = await act(() => calls.imported({ ...options, dry_run: dryRun }, text), {
    onRefused, patient: dryRun, wanted: isLast,
  });
  const report = answered?.answer ?? refused;
  if (report?.done) notice.say(filled(words.transfer.done, report), 'good');
  return report;
}

function show(result, report, skip) {
  const obstacles = report.conflicts + report.refused;
  const says = words.transfer;
  result.hidden = false;
  write(result, 'h3', report.done ? says.doneTitle : says.wouldTitle);
  const reserved = report.reserved_names > 0 ? filled(says.reserved, { count: report.reserved_names }) : '';
  write(result, '.counts', filled(says.counts, { ...report, obstacles }) + reserved);
  const inTheWay = obstacles > 0 && !skip;
  write(result, '.verdict', verdictOf(report, obstacles, inTheWay));
  result.querySelector('.carry-out').hidden = report.done || inTheWay || isNothing(report);
  const lines = [...report.users, ...report.names].toSorted((one, other) => WEIGHT[one.outcome] - WEIGHT[other.outcome] || one.index - other.index);
  result.querySelector('tbody').replaceChildren(...lines.slice(0, MOST_ROWS).map(lineRow));
  const left = lines.length - MOST_ROWS;
  write(result, '.more', left > 0 ? filled(says.more, { count: left }) : '').hidden = left <= 0;
  if (!report.done) result.querySelector('h3').focus();
}

function verdictOf(report, obstacles, inTheWay) {
  if (report.done) return '';
  if (inTheWay) return words.transfer.inTheWay;
  if (isNothing(report)) return words.transfer.nothing;
  return obstacles > 0 ? words.transfer.leftOut : words.transfer.ready;
}

// Names of users who were deleted come along as well.
function isNothing(report) {
  return report.created === 0 && report.reserved_names === 0;
}

function lineRow(line) {
  const row = rowOf('transfer-row');
  write(row, '.name', line.name || filled(words.transfer.nameless, { place: line.index + 1 }));
  const outcome = Object.hasOwn(words.transfer.outcomes, line.outcome) ? words.transfer.outcomes[line.outcome] : line.outcome;
  row.querySelector('.outcome').append(badge(outcome, KIND[line.outcome]));
  row.querySelector('.reasons').append(...line.causes.map(causeOf));
  write(row, '.passkey-count', line.passkeys ?? '');
  return row;
}

// What is in the way of somebody; in front the place in the file. That it is the name goes without saying.
function causeOf(reason) {
  const paragraph = document.createElement('p');
  if (reason.field && reason.field !== 'name') {
    const place = filled(words.transfer.place, { place: reason.field });
    paragraph.append(Object.assign(document.createElement('code'), { textContent: place }));
  }
  paragraph.append(writeReason(document.createElement('span'), reason));
  return paragraph;
}
