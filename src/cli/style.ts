/** Colours and columns for people. Colours only where what is written to is a terminal and NO_COLOR is not set. */
import Table from 'cli-table3';
import picocolors from 'picocolors';
import { printable } from '../nodes/configuration/problem.ts';

function paints(stream: NodeJS.WriteStream) {
  const colours = picocolors.createColors(stream.isTTY === true && !process.env.NO_COLOR);
  return { good: colours.green, bad: colours.red, odd: colours.yellow, strong: colours.bold, dim: colours.dim } as const;
}

/** For standard output. */
export const style = paints(process.stdout);
/** For standard error, which may go elsewhere. */
export const stderrStyle = paints(process.stderr);

const frame = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Rows in aligned columns under their heads, without lines. */
export function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: heads.map((head) => style.dim(head)),
    chars: frame,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** 83 ms is `0.083 s`, 125,000 ms is `2m 5s`. */
export function seconds(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`;
  return `${Math.floor(ms / 60_000)}m ${Math.round((ms % 60_000) / 1000)}s`;
}

/** How long ago something was, no finer than a person asks: `now`, `4 s ago`, `12 min ago`, `3 h ago`, `5 d ago`. */
export function ago(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  const fitting = units.find(([, unitMs]) => ms >= unitMs);
  return fitting === undefined ? 'now' : `${Math.floor(ms / fitting[1])} ${fitting[0]} ago`;
}

/** A moment in UTC: `2026-11-21 09:20:11.123`. */
export function moment(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '');
}

/** Text from elsewhere, so that nothing in it does anything to a terminal. */
export function plain(text: string): string {
  return printable(text);
}

/** The same of a moment that came as RFC 3339 text; what is none is shown as it came. */
export function momentOf(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? plain(text) : moment(at);
}
