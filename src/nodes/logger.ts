/** The node's own log lines, for operators: one a thing that happened, none a query. JSON for machines, text for eyes. */
import { type Logger, pino } from 'pino';
import type { Configuration } from '../events/catalogue/configuration.ts';

export type { Logger };

/** Lines on standard output, as `logging.level` and `logging.format` say. */
export function createLogger(settings: Configuration['logging']): Logger {
  const options = { level: settings.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (settings.format === 'json') return pino({ ...options, formatters: { level: (level) => ({ level }) } });
  return pino(options, { write: (line) => process.stdout.write(textLine(line)) });
}

const levelNames: Readonly<Record<number, string>> = { 20: 'DEBUG', 30: 'INFO ', 40: 'WARN ', 50: 'ERROR', 60: 'FATAL' };

/** `2026-11-21T09:20:11.123Z INFO  message key=value ...` */
function textLine(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as { level: number; time: string; msg?: string };
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${time} ${levelNames[level] ?? level} ${msg ?? ''}${fields.join('')}\n`;
}
