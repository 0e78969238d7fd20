/** Checks servers now, and answers only when what was found is folded, so that whoever asks next sees it. */
import { validates } from '../../projections/checks.ts';
import type { Validation, ValidationTarget } from '../checks/validator.ts';
import { ApiError } from './errors.ts';
import { apiLimits } from './limits.ts';
import type { RouteContext } from './route-context.ts';

/** Which servers; what is left out may be anything. */
export interface CheckFilter {
  readonly service?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}

export async function checkAtOnce(context: RouteContext, { service, address, port }: CheckFilter): Promise<readonly Validation[]> {
  const { checkNow, engine } = context;
  if (checkNow === undefined || !validates(engine.state.configuration)) {
    throw new ApiError('not-available', 'nothing is checked on this node', 'set overwatch.validation.enabled');
  }
  const isMeant = (target: ValidationTarget) =>
    (service ?? target.service) === target.service &&
    (address ?? target.address) === target.address &&
    (port ?? target.port) === target.port;
  const checked = await checkNow(isMeant);
  if (checked.length === 0) {
    throw new ApiError('unknown-server', 'no server that is checked is meant by this', 'GET /api/v1/overwatch/backends lists the servers');
  }
  await folded(context);
  return checked;
}

/** The log may be slow, or refuse; then the answer comes before the fold, and not never. */
async function folded({ engine, clock }: RouteContext): Promise<void> {
  const until = clock.now() + apiLimits.foldMsMax;
  while (engine.waiting.observations > 0 && clock.now() < until) await new Promise((resolve) => setImmediate(resolve));
}
