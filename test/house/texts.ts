/** Rules about texts of any kind, not only TypeScript: nothing left for later, no host of a registry in the lock file. */
import type { Complaint } from './source.ts';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

// Put together, so that this file does not break its own rule.
const forLater = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3)].join('|')})\\b`);

export function nothingIsLeftForLater(files: readonly TextFile[]): readonly Complaint[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const mark = forLater.exec(line)?.[1];
      return mark === undefined ? [] : [`${path}:${index + 1}: ${mark}: do it, or open an issue`];
    }),
  );
}

export function lockFileNamesNoRegistry(file: TextFile): readonly Complaint[] {
  return file.text
    .split('\n')
    .flatMap((line, index) =>
      /"resolved"\s*:|https?:\/\/registry\./.test(line) ? [`${file.path}:${index + 1}: names a registry; .npmrc omits that`] : [],
    );
}
