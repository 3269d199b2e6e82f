import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { blocker, note } from '../../src/change/findings.ts';
import type { FileChange } from '../../src/change/plan.ts';
import { fileFingerprint } from '../../src/change/planned-file.ts';
import type { FlagTable } from '../../src/flags.ts';
import type { RemedyEntry } from '../../src/remedies/index.ts';
import type { Remedy, RemedyOptions } from '../../src/remedies/remedy.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const flags = {
  folder: { kind: 'text', value: 'DIR', help: 'the folder of the toy', group: 'What' },
  word: { kind: 'text', value: 'WORD', help: 'the new word', group: 'What' },
} as const satisfies FlagTable;

interface ToyOptions extends RemedyOptions {
  readonly folder: string;
  readonly word: string | undefined;
}

interface ToyFacts {
  readonly file: string;
  readonly bytes: Buffer;
  /** Whether someone has put a stop sign beside the file. */
  readonly isStopped: boolean;
}

/** The word between the quotes of `word="…"`. */
const wordIn = (bytes: Buffer): string => /^word="(.*)"$/.exec(bytes.toString())?.[1] ?? '';

/** A remedy of the tests: it replaces the one word in word.txt, and a file named "stop" beside it is a blocker. */
export const toy: Remedy<ToyOptions, ToyFacts, FileChange> = {
  flags,
  readOptions: async (given, { currentFolder }) => ({
    accept: Array.isArray(given['accept']) ? given['accept'] : [],
    folder: path.resolve(currentFolder, String(given['folder'] ?? '.')),
    word: typeof given['word'] === 'string' ? given['word'] : undefined,
  }),
  gather: async (_, scope) => {
    const folder = scope.kind === 'new' ? scope.options.folder : path.dirname(fileOf(scope.plan.changes));
    const file = path.join(folder, 'word.txt');
    return { file, bytes: readFileSync(file), isStopped: existsSync(path.join(folder, 'stop')) };
  },
  survey: ({ bytes }) => [
    { kind: 'properties', id: 'word', title: '', rows: [{ name: 'Word', value: wordIn(bytes) }] },
  ],
  ask: async (_, options, { prompter }) => {
    if (options.word !== undefined) return { kind: 'settled', options };
    const word = await prompter.input({ id: 'toy.word', message: 'Which word?', flag: '--word WORD' });
    return { kind: 'settled', options: { ...options, word } };
  },
  propose: ({ file, bytes }, { word = '' }) => {
    const target = { kind: 'files', roots: [path.dirname(file)] } as const;
    const after = Buffer.from(`word="${word}"`);
    const change: FileChange = {
      kind: 'file',
      path: file,
      root: path.dirname(file),
      set: 'Toy',
      class: 'HTML',
      language: 'en',
      encoding: 'utf-8',
      before: fileFingerprint(bytes),
      after: fileFingerprint(after),
      splices: [{ key: 'word', line: 1, offset: 6, old: base64(wordIn(bytes)), new: base64(word) }],
    };
    return { target, intent: { word }, changes: bytes.equals(after) ? [] : [change], leftOut: [] };
  },
  assess: ({ isStopped, file }, { changes }) => [
    ...(isStopped && changes.length > 0
      ? [blocker('stop-sign', 'A stop sign is beside the file', 'Take it away.', { subjects: [file] })]
      : []),
    note('size', `The file has ${statSync(file).size} bytes`, ''),
  ],
  record: () => ({ exhibits: [], nextSteps: [{ id: 'tell', whom: 'the readers' }] }),
  describe: ({ undoes, nextSteps }) => ({
    title: undoes === undefined ? 'Change the word' : 'Undo: put the word back',
    summary: [],
    changes: [],
    nextSteps: nextSteps.map(({ whom }) => ({ text: `Tell ${whom}.`, commands: [] })),
  }),
  permits: ({ changes }) => (changes.every((one) => path.basename(one.path) === 'word.txt') ? [] : ['another file']),
  practice: { about: 'A toy.', given: (folder) => ['--folder', folder], dryRun: ['--word', 'x'] },
};

function fileOf(changes: readonly { readonly kind: string; readonly path?: string }[]): string {
  return changes[0]?.path ?? '';
}

/** Its line in the list. */
export const toyEntry: RemedyEntry = {
  name: 'toy',
  summary: 'replace a word',
  world: 'files',
  examples: ['toy --word hello', 'toy --word hello --save changes/toy'],
  flags: async () => flags,
  load: async () => toy,
};
