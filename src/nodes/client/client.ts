/**
 * Asks one node over its REST API. Whatever comes back is bounded in time and size and held against a shape before
 * anybody sees it; whatever goes wrong is a `NodeError`. The token goes to the node that was named and never along a
 * redirect.
 */
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { durationText } from '../../events/duration.ts';
import { printable } from '../configuration/problem.ts';
import { clientLimits } from './limits.ts';
import { NodeError, unreachable } from './node-error.ts';

export interface Question<S extends z.ZodType> {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** What follows `/api/v1`, its parts percent-encoded. */
  readonly path: string;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Makes repeating the request harmless. */
  readonly key?: string;
  /** A status beside 2xx whose body is an answer too. */
  readonly alsoStatus?: number;
  readonly shape: S;
}

export interface NodeClient {
  /** Its URL, without `/api/v1`. */
  readonly endpoint: string;
  ask<S extends z.ZodType>(question: Question<S>): Promise<z.output<S>>;
}

export interface ClientOptions {
  readonly endpoint: string;
  readonly token?: string;
  readonly timeoutMs: number;
}

export function createClient({ endpoint, token, timeoutMs }: ClientOptions): NodeClient {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function exchange({ method = 'GET', path, query = {}, body, key }: Question<z.ZodType>): Promise<Exchanged> {
    const headers = {
      ...{ accept: 'application/json', ...authorization },
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(`${endpoint}/api/v1${path}${queryText(query)}`, {
        method,
        headers,
        ...sent,
        signal,
        redirect: 'manual',
      });
      return { status: response.status, text: await boundedText(response) };
    } catch (error) {
      throw unreachable(endpoint, error, durationText(timeoutMs));
    }
  }

  /** A node that is asked too often says so, and has then done nothing: it is asked again, for as long as it has time to answer. */
  async function patiently(question: Question<z.ZodType>): Promise<Exchanged> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const answer = await exchange(question);
      if (answer.status !== tooManyRequests || performance.now() + clientLimits.againAfterMs > until) return answer;
      await setTimeout(clientLimits.againAfterMs);
    }
  }

  return {
    endpoint,
    async ask(question) {
      const { status, text } = await patiently(question);
      if (text === undefined) throw notANode(endpoint, `its answer is larger than ${clientLimits.answerBytesMax / 1024 / 1024} MiB`);
      const isAnswer = (status >= 200 && status < 300) || status === question.alsoStatus;
      const body = parsedBody(text);
      if (!isAnswer) throw refusal(endpoint, status, body);
      const fitting = question.shape.safeParse(body);
      if (fitting.success) return fitting.data;
      const { path = [], message = '' } = fitting.error.issues[0] ?? {};
      throw notANode(endpoint, `its answer to ${question.path} does not fit: ${path.join('.') || 'the whole'}: ${message}`);
    },
  };
}

const tooManyRequests = 429;

interface Exchanged {
  readonly status: number;
  /** Undefined: longer than any answer is. */
  readonly text: string | undefined;
}

async function boundedText(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > clientLimits.answerBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function queryText(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const written = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]));
  return written.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(written))}`;
}

function parsedBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return notJson;
  }
}

const notJson = Symbol('not JSON');

/** As the API says it. `reason` is any word, because a newer node knows more of them. */
const errorShape = z.object({ error: z.string(), reason: z.string(), remedy: z.string() });

function refusal(endpoint: string, status: number, body: unknown): NodeError {
  const said = errorShape.safeParse(body);
  if (!said.success) return notANode(endpoint, `it answered with status ${status}, and not as this API does`);
  const { error, reason, remedy } = said.data;
  return new NodeError('refused', endpoint, printable(error), printable(remedy), reason);
}

function notANode(endpoint: string, what: string): NodeError {
  return new NodeError(
    'not-a-node',
    endpoint,
    `${endpoint} is no node of this version: ${printable(what)}`,
    'check its URL, and the version of what runs there',
  );
}
