/**
 * Requests that are made from the OpenAPI document, as a stranger would make them: whatever is sent, the API has no fault
 * of its own, its answer is one that the document describes, and nothing changes without the role that it names.
 */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import type { Role } from '../../src/nodes/api/identity.ts';
import { a, a6, app, b, oneDomain } from '../given.ts';
import { makeKey, startTestMember, type TestMember } from '../gossip-members.ts';
import { bearer, type RunningApi, runApi, start } from './running-api.ts';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}
interface Content {
  readonly content?: { readonly 'application/json': { readonly schema: Schema & { readonly $ref?: string } } };
}
interface Operation {
  readonly 'x-role'?: Role;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: 'path' | 'query' | 'header';
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: { readonly Error: Schema } };
}

const roles = ['viewer', 'operator', 'admin'] as const;
const secretOf = (role: Role) => `${role}-0123456789abcdef`;
const tokens = roles.map((role) => ({ name: role, role, kind: 'human', token: secretOf(role) }) as const);

let running: RunningApi;
let document: Document;
/** Has the keys that are asked about. */
let member: TestMember;
before(async () => {
  const configuration = oneDomain([a, b, { address: a6, port: 443 }]);
  const reload = async () => ({ applied: true, position: null, needRestart: [] }) as const;
  member = await startTestMember({ key: makeKey(), name: 'ow-1', thread: false });
  const agents = { gossip: member.gossip, isConnected: () => false };
  running = await runApi(undefined, { configuration, tokens, reload, agents, keys: true, checkNow: async () => [] });
  document = (await running.ask<Document>('GET', '/openapi.json', { headers: bearer(secretOf('viewer')) })).body;
});
after(async () => {
  await running.close();
  await member.gossip.close();
});

/** Words that lead somewhere, by the name of the field that they stand in. */
const likely: Readonly<Record<string, readonly string[]>> = {
  service: [app, 'other.example.com'],
  zone: [app, 'other.example.com'],
  target: [a, `${a}:80`, `[${a6}]:443`, a6, '192.0.2.99'],
  server: [`${a}:80`, `${b}:80`, '192.0.2.99:80', `[${a6}]:443`],
  id: [`${app}:${a}:80`, `${app}:192.0.2.99:8080`],
  address: [a, b, a6, '192.0.2.99'],
  port: ['80', '443', '0'],
  region: ['eu', 'mars'],
  reason: ['because'],
  source: ['ci'],
  expires_in: ['10m', '1'],
  from: ['1', '-5', '0'],
  limit: ['5', '5000'],
  interval: ['1s', '1ms'],
  timeout: ['500ms'],
};

const text = fc.string({ unit: 'grapheme', maxLength: 12 });

function matching(pattern: string | undefined): fc.Arbitrary<string> {
  return pattern === undefined ? fc.constant('words') : fc.stringMatching(new RegExp(pattern), { size: 'small' });
}

/** Values that a schema allows, more or less: what transforms demand is left to chance, so that some are wrong. */
function valuesOf(schema: Schema, name: string): fc.Arbitrary<unknown> {
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return fc.oneof(...options.map((option) => valuesOf(option, name)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'string':
      return fc.oneof(
        { weight: 1, arbitrary: text },
        { weight: 6, arbitrary: likely[name] ? fc.constantFrom(...likely[name]) : matching(schema.pattern) },
      );
    case 'integer':
    case 'number':
      return fc.oneof(fc.integer({ min: schema.minimum ?? -2, max: Math.min(schema.maximum ?? 100, 100) }), fc.constantFrom(80, 443, 8080));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, name), { maxLength: 3 });
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([field, inner]) => [field, valuesOf(inner, field)]);
      return record(Object.fromEntries(fields), schema.required ?? []);
    }
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function record<T>(fields: Readonly<Record<string, fc.Arbitrary<T>>>, required: readonly string[]): fc.Arbitrary<Record<string, T>> {
  return fc.record(fields, { requiredKeys: required as string[] as never[] }) as fc.Arbitrary<Record<string, T>>;
}

interface Request {
  readonly method: string;
  readonly template: string;
  readonly operation: Operation;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function requestOf(template: string, method: string, operation: Operation): fc.Arbitrary<Request> {
  const parts = (place: string, always: boolean): fc.Arbitrary<Record<string, string>> => {
    const named = operation.parameters.filter((parameter) => parameter.in === place);
    const fields = named.map(({ name, schema }) => [name, valuesOf(schema, name).map(String)]);
    return record(Object.fromEntries(fields), always ? named.map(({ name }) => name) : []);
  };
  const schema = operation.requestBody?.content?.['application/json'].schema;
  const body =
    schema === undefined ? fc.constant(undefined) : fc.oneof({ weight: 9, arbitrary: valuesOf(schema, '') }, fc.jsonValue({ maxDepth: 1 }));
  return fc.tuple(parts('path', true), parts('query', false), parts('header', false), body).map(([path, query, headers, sent]) => {
    const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
    const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const printable = Object.entries(headers).map(([name, value]) => [name, value.replace(/[^\x20-\x7e]/g, '?')]);
    const whole = filled.replace('/api/v1', '') + (search.length === 0 ? '' : `?${search.join('&')}`);
    return { method: method.toUpperCase(), template, operation, path: whole, headers: Object.fromEntries(printable), body: sent };
  });
}

/** By the document alone; a schema is made once. */
const validators = new Map<object, z.ZodType>();
function fits(schema: Schema & { readonly $ref?: string }, body: unknown): boolean {
  const meant = schema.$ref === undefined ? schema : document.components.schemas.Error;
  const known = validators.get(meant) ?? z.fromJSONSchema(meant as Parameters<typeof z.fromJSONSchema>[0]);
  validators.set(meant, known);
  return known.safeParse(body).success;
}

/** A stream is no request and answer. */
const isAsked = (template: string) => !template.endsWith('/stream');

it('a request made from the document gets an answer of the document, and changes nothing without its role', async () => {
  const all = Object.entries(document.paths).flatMap(([template, methods]) =>
    isAsked(template) ? Object.entries(methods).map(([method, operation]) => requestOf(template, method, operation)) : [],
  );
  const seen = new Map<string, Set<number>>();
  let now = start;
  await fc.assert(
    fc.asyncProperty(fc.oneof(...all), fc.constantFrom(undefined, ...roles, 'admin' as const), async (request, role) => {
      const { method, path, operation, body, headers } = request;
      await running.clock.moveTo((now += 1_000));
      const before = running.log.end.position;
      const answer = await running.ask(method, path, {
        headers: { ...headers, ...(role !== undefined && bearer(secretOf(role))) },
        ...(body !== undefined && { body }),
      });
      assert(answer.status < 500, `${answer.status} ${JSON.stringify(answer.body)}`);
      const described = operation.responses[answer.status] ?? operation.responses[`${Math.floor(answer.status / 100)}XX`];
      const schema = described?.content?.['application/json'].schema;
      assert(described !== undefined, `${answer.status} is not in the document`);
      if (schema === undefined) assert.equal(answer.body, undefined);
      else assert(fits(schema, answer.body), JSON.stringify(answer.body));
      const needed = operation['x-role'];
      const isEnough = needed === undefined || (role !== undefined && roles.indexOf(role) >= roles.indexOf(needed));
      if (!isEnough) assert([401, 403].includes(answer.status), `${role ?? 'nobody'} was let in: ${answer.status}`);
      const isDry = path.includes('dry_run=true');
      if (!isEnough || method === 'GET' || isDry) assert.equal(running.log.end.position, before, 'something changed');
      const name = `${method} ${request.template}`;
      seen.set(name, (seen.get(name) ?? new Set()).add(answer.status));
    }),
    { numRuns: 600 },
  );
  assert.deepEqual(
    running.logged.filter((line) => !line.includes('forced past the guards')),
    [],
  );
  const statuses = new Set([...seen.values()].flatMap((some) => [...some]));
  for (const status of [200, 400, 401, 403, 404]) assert(statuses.has(status), `none was answered with ${status}`);
  const answered = [...seen].filter(([, some]) => [...some].some((status) => status < 300)).length;
  assert(answered > seen.size / 2, `only ${answered} of ${seen.size} routes ever did what was asked`);
});
