/** Events of a node in one line each, as tables and stories show them. */
import { readLine } from '../events/ndjson.ts';
import type { ShownEvent } from '../nodes/client/node-api.ts';
import { eventSentence } from '../projections/sentences.ts';
import { moment, plain, style } from './style.ts';

/** The sentence that the program has for it; of what it does not know, the fact as it is. */
export function sentenceOf(event: ShownEvent): string {
  const line = readLine(JSON.stringify(event));
  return plain('event' in line ? eventSentence(line.event) : JSON.stringify(event.data));
}

/** `#12  2026-11-21 03:12:00.000  override.set  app.example.com  override down on ... ` */
export function eventLine(event: ShownEvent): string {
  const service = typeof event.data.service === 'string' ? `${plain(event.data.service)}  ` : '';
  const position = `#${event.position}`.padEnd(7);
  return `${style.dim(position)} ${moment(event.at)}  ${plain(event.type).padEnd(21)}  ${service}${sentenceOf(event)}`;
}
