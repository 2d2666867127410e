// Administrators: all users with their passkeys as a file, and users from a file. Nothing is imported
// that was not looked at: first it is said what would happen.

import { fillMounts } from './admin-links.mjs';
import { badge, copyOf, rowOf, write } from './admin-parts.mjs';
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
  const carryOut = view.querySelector('.carry-out');
  let file = null;
  fillMounts(form.querySelector('.import-mount'), mounts, context.mount);
  const anew = () => {
    result.hidden = true;
  };
  form.addEventListener('change', anew);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    anew();
    file = await fileIn(elements.file.files[0]);
    if (!file) {
      context.notice.tell({ title: words.transfer.noFileTitle, text: words.transfer.noFile });
      return;
    }
    await ask(context, { file, elements, result, dryRun: true });
  });
  carryOut.addEventListener('click', () => ask(context, { file, elements, result, dryRun: false }));
}

// What was chosen, as text, and in which of the two forms it is; `null` when it is no JSON.
async function fileIn(chosen) {
  if (!chosen) return null;
  const text = await chosen.text();
  const format = formatOf(text);
  return format ? { text, format } : null;
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

async function ask({ calls, act, notice }, { file, elements, result, dryRun }) {
  const options = { format: file.format, dry_run: dryRun, skip: elements.skip.checked };
  if (file.format === 'keycloak' && elements.mount.value) options.mount = elements.mount.value;
  let refused = null;
  const answered = await act(() => calls.imported(options, file.text), {
    onRefused: (error) => {
      refused = error.more?.report ?? null;
      if (refused) return true;
      if (error.slug !== 'bad-request' && error.slug !== 'conflict') return false;
      notice.tell({ title: words.transfer.refusedTitle, text: words.transfer.refused, quoted: error.detail });
      return true;
    },
  });
  const report = answered?.answer ?? refused;
  if (!report) return;
  show(result, report, elements.skip.checked);
  if (report.done) notice.say(filled(words.transfer.done, report), 'good');
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
  const said = [...line.reasons, ...(line.notes ?? [])].map((text) => {
    return Object.assign(document.createElement('p'), { textContent: text, lang: 'en' });
  });
  row.querySelector('.reasons').append(...said);
  write(row, '.passkey-count', line.passkeys ?? '');
  return row;
}
