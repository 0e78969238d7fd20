/**
 * What is wrong with a configuration, and where: file, line, column and path. All that is wrong travels together in one
 * `ConfigurationError`, so that a file is mended once and not once a mistake. A secret's value is never part of one.
 */
import { configurationLimits } from './limits.ts';

export interface Place {
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
  readonly column: number;
}

export type Path = readonly (string | number)[];

export interface Problem extends Place {
  /** Like `domains[0].ttl`; empty where the file as a whole is meant. */
  readonly path: string;
  /** What stands there, as it is written, shortened. */
  readonly value?: string;
  /** What is wrong. */
  readonly message: string;
  /** What would be right. */
  readonly remedy?: string;
}

/** Takes note of a problem. */
export type Report = (problem: Problem) => void;

export interface ProblemList {
  readonly report: Report;
  /** The places that were reported so far. */
  places(): ReadonlySet<string>;
  /** Throws what was reported. */
  fail(): never;
  /** Throws what was reported, if anything was. */
  failIfAny(): void;
}

/** Collects problems up to a limit; beyond it, only counts. */
export function problemList(): ProblemList {
  const problems: Problem[] = [];
  let unkept = 0;
  const fail = () => {
    throw new ConfigurationError(inReadingOrder(problems), unkept);
  };
  return {
    report(problem) {
      if (problems.length < configurationLimits.problemsMax) problems.push(problem);
      else unkept += 1;
    },
    places: () => new Set(problems.map(formatPlace)),
    fail,
    failIfAny() {
      if (problems.length > 0) fail();
    },
  };
}

/** File by file, from top to bottom: as somebody goes through them. */
function inReadingOrder(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  return [...problems].sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column);
}

/** A configuration that cannot be used. Its message is ready for a terminal. */
export class ConfigurationError extends Error {
  readonly problems: readonly Problem[];
  /** Problems beyond the limit, which were only counted. */
  readonly unkept: number;
  constructor(problems: readonly Problem[], unkept = 0) {
    super(formatProblems(problems, unkept));
    this.name = 'ConfigurationError';
    this.problems = problems;
    this.unkept = unkept;
  }
}

/** One problem a line, `file:line:column: path: what is wrong; what would be right`. */
function formatProblems(problems: readonly Problem[], unkept: number): string {
  const total = problems.length + unkept;
  const shown = problems.slice(0, configurationLimits.problemsShown).map(formatProblem);
  const rest = total - shown.length;
  return [
    total === 1 ? 'the configuration has a problem:' : `the configuration has ${total} problems:`,
    ...shown,
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ].join('\n');
}

export function formatPlace({ file, line, column }: Place): string {
  return `${printable(file)}:${line}:${column}`;
}

export function formatProblem({ path, value, message, remedy, ...place }: Problem): string {
  const where = `${formatPlace(place)}: ${path === '' ? '' : `${path}: `}`;
  const got = value === undefined ? '' : ` (got ${value})`;
  return `${where}${clipped(message)}${got}${remedy === undefined ? '' : `; ${clipped(remedy)}`}`;
}

const sentenceCharactersMax = 500;

/** A sentence may quote a name from the file, and that may be anything. */
function clipped(sentence: string): string {
  return shortened(printable(sentence), sentenceCharactersMax);
}

function shortened(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 3)}...`;
}

/** `['domains', 0, 'ttl']` is `domains[0].ttl`; a key that is no plain word stands in brackets and quotes. */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w-]{1,64}$/.test(step)) text += `[${quoted(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

const quotedCharactersMax = 80;

/** A value as one short line that does nothing to a terminal. */
export function quoted(value: unknown): string {
  return shortened(printable(typeof value === 'string' ? JSON.stringify(value) : String(value)), quotedCharactersMax);
}

/** Names of files and keys come from outside too: control and direction characters are shown, never sent. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
