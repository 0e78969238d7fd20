/** What an order would do: the facts that it would append, and the answers that would be others then. */
import { z } from 'zod';
import { isRefusal, type Order } from '../../commands/command.ts';
import { answerText } from '../../projections/answers.ts';
import type { AnswerChange } from '../../projections/preview.ts';
import type { Engine } from '../engine.ts';
import { refusalError } from './errors.ts';
import { familiesShape, shownFamilies } from './shown-answer.ts';

const change = z.strictObject({
  service: z.string(),
  before: familiesShape.nullable().describe('null: the service is not served.'),
  after: familiesShape.nullable(),
});

export const dryRunShape = z.strictObject({
  facts: z.array(z.strictObject({ type: z.string(), data: z.record(z.string(), z.unknown()), cause: z.int().optional() })),
  changes: z.array(change).describe('Every answer that a client would see change.'),
});

export function dryRunAnswer(engine: Engine, order: Order): z.output<typeof dryRunShape> {
  const outcome = engine.dryRun(order);
  if (isRefusal(outcome)) throw refusalError(outcome);
  return {
    facts: outcome.facts.map(({ type, data, cause }) => ({ type, data, ...(cause !== undefined && { cause }) })),
    changes: outcome.changes.filter(isSeen).map(({ service, before, after }) => ({
      service,
      before: before === undefined ? null : shownFamilies(before),
      after: after === undefined ? null : shownFamilies(after),
    })),
  };
}

function isSeen({ before, after }: AnswerChange): boolean {
  return (before && answerText(before)) !== (after && answerText(after));
}
