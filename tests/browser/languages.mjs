// The pages' modules as a browser gets them: beside the words of one language.

import {
  copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const ASSETS = new URL('../../sidecar/src/pages/assets/', import.meta.url);
const FILES = new URL('../../sidecar/src/pages/languages/', import.meta.url);

// By tag, as the files have them.
export const LANGUAGES = Object.fromEntries(readdirSync(FILES).map((name) => [
  name.replace('.json', ''),
  JSON.parse(readFileSync(new URL(name, FILES), 'utf8')),
]));

// Gives a function that loads a module in this language.
export async function modulesIn(tag) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pages-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  for (const name of readdirSync(ASSETS)) copyFileSync(new URL(name, ASSETS), join(folder, name));
  for (const [name, words] of Object.entries(LANGUAGES[tag].scripts)) {
    writeFileSync(join(folder, `${name}.mjs`), `export default ${JSON.stringify(words)};\n`);
  }
  globalThis.document = { documentElement: { lang: tag } };
  return (name) => {
    // What a module finds out about the page, it finds out when it is loaded.
    globalThis.document.documentElement.lang = tag;
    return import(pathToFileURL(join(folder, name)));
  };
}
