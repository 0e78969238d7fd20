/** Whatever is asked, the API answers with what it says it answers: never a fault of its own, and every error in its one shape. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { a, a6, app, b, oneDomain, unchecked } from '../given.ts';
import { type Answer, isErrorShaped, type RunningApi, runApi, sendRaw } from './running-api.ts';

let running: RunningApi;
before(async () => {
  running = await runApi(undefined, { configuration: oneDomain([a, b, a6], {}, unchecked) });
});
after(() => running.close());

const text = fc.string({ unit: 'binary', maxLength: 20 });
const anything = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('10m', '-1', 'true', null));

const part = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom('overrides', 'services', 'health', 'events', 'answers', 'servers', 'regions', 'ready', 'live', 'version'),
  },
  { weight: 5, arbitrary: fc.constantFrom(app, a, a6, `${a}:80`, `[${a6}]:80`, `${b}:0`, '', '.', '%', '%ff', '__proto__') },
  { weight: 2, arbitrary: text.map((piece) => encodeURIComponent(piece)) },
);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const likelyPath = fc.constantFrom(
  `/overrides/${app}/${a}`,
  `/overrides/${app}/[${a6}]:80`,
  `/services/${app}/answers`,
  '/events',
  '/overrides',
);
const queryName = fc.constantFrom('from', 'limit', 'type', 'service', 'force', 'dry_run', 'reason', '__proto__', 'x');
const queryValue = fc.oneof(
  fc.constantFrom('true', 'false', '1', '-1', '0', '1e9', app, 'override.set'),
  text.map((value) => encodeURIComponent(value)),
);
const query = fc
  .array(fc.tuple(queryName, queryValue), { maxLength: 3 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'));

const header = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 30 });
const headers = fc.record(
  {
    'content-type': fc.oneof({ weight: 5, arbitrary: fc.constant('application/json') }, { weight: 1, arbitrary: header }),
    'idempotency-key': header,
    origin: fc.oneof(header, fc.constant('http://127.0.0.1'), fc.constant('null')),
    host: fc.oneof({ weight: 5, arbitrary: fc.constant('127.0.0.1') }, { weight: 1, arbitrary: header }),
    'x-forwarded-for': header,
    expect: header,
    'accept-version': header,
  },
  { requiredKeys: [] },
);

const overrideBody = fc.record(
  {
    action: fc.oneof(fc.constantFrom('up', 'down', 'drain'), anything),
    healthy: fc.oneof(fc.boolean(), anything),
    reason: fc.oneof(fc.constant('because'), anything),
    source: fc.oneof(fc.constant('ci'), anything),
    expires_in: fc.oneof(fc.constantFrom('1h', '3650d', '1ns', `${'9'.repeat(99)}d`), anything),
  },
  { requiredKeys: ['reason'] },
);
const body = fc.oneof(
  { weight: 4, arbitrary: overrideBody.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: text },
);

const method = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('GET', 'PUT', 'DELETE') },
  { weight: 1, arbitrary: fc.constantFrom('HEAD', 'POST', 'PATCH', 'OPTIONS', 'TRACE', 'QUERY', 'SEARCH', 'PROPFIND') },
);

function assertKept(method: string, { status, body }: Answer): void {
  assert(status >= 200 && status < 500, `status ${status}`);
  if (status >= 400 && method !== 'HEAD') assert(isErrorShaped({ status, headers: {}, body }), JSON.stringify(body));
}

it('answers any request in its own shapes, and never with a fault', async () => {
  const seen = new Set<number>();
  const request = fc.record({ method, path: fc.oneof(path, likelyPath), query, headers, text: fc.option(body, { nil: undefined }) });
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, query, headers, text }) => {
      const target = query === '' ? path : `${path}?${query}`;
      const answer = await running.ask(method, target, { headers, ...(text !== undefined && method !== 'HEAD' && { text }) });
      seen.add(answer.status);
      assertKept(method, answer);
    }),
    { numRuns: 400 },
  );
  assert.deepEqual(running.logged, []);
  assert(seen.has(200) && seen.has(400) && seen.has(404), `only ${[...seen].join(', ')}`);
});

it('answers any bytes with an error, or closes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      const answer = await sendRaw(running.port, Buffer.concat([bytes, Buffer.from('\r\n\r\n')]));
      if (!Number.isNaN(answer.status)) assertKept('GET', answer);
    }),
    { numRuns: 100 },
  );
});
