/** What DNS says for each service, and for every address of it why it is in or out. */
import { z } from 'zod';
import { domainName } from '../../events/catalogue/scalars.ts';
import { answerOf, type Candidate, type ServiceAnswer } from '../../projections/answers.ts';
import { servicesOf } from '../../projections/configuration.ts';
import { families } from '../../projections/routing/family.ts';
import { candidateSentence } from '../../projections/sentences.ts';
import type { State } from '../../projections/state.ts';
import type { Api, RouteContext } from './route-context.ts';
import { unknownService } from './servers.ts';
import { answering, family, noQuery, reads, shownVerdict, tier, time, verdictShape } from './shapes.ts';
import { familiesShape, shownFamilies } from './shown-answer.ts';
import { clientNetwork, clientShape, shownClient } from './shown-client.ts';

const base = {
  name: z.string(),
  algorithm: z.string(),
  ttl: z.int().describe('Seconds that an answer may be kept.'),
  regions: z.array(z.string()),
};

const count = z.int().nonnegative();
const serviceShape = z.strictObject({
  ...base,
  tiers: z
    .strictObject({ A: tier.nullable().optional(), AAAA: tier.nullable().optional() })
    .describe('The tier that answers. null: none does, which clients see as SERVFAIL. Left out: no address of that family.'),
  candidates: z
    .strictObject({ fit: count, draining: count, unproven: count, 'last-resort': count, out: count })
    .describe('Addresses by tier; `out` never answers as things are.'),
  servers: count.describe('Servers in all; several ports of one address are one candidate.'),
});

const candidateShape = z.strictObject({
  address: z.string(),
  family,
  tier: tier.nullable().describe('null: it never answers as things are.'),
  answers: z.boolean().describe('Whether it is in the tier that answers.'),
  weight: z.int(),
  sentence: z.string().describe('Why it is in or out.'),
  servers: z
    .array(
      z.strictObject({
        address: z.string(),
        port: z.int(),
        region: z.string(),
        source: z.enum(['static', 'agent', 'api']),
        weight: z.int(),
        verdict: verdictShape,
      }),
    )
    .describe('Every port of the address; the first is the worst, whose verdict stands for the address.'),
});

const answersShape = z.strictObject({
  ...base,
  families: familiesShape,
  candidates: z.array(candidateShape).describe('In the order that `failover` follows.'),
  client: clientShape.optional().describe('What the client that `client` names gets.'),
  position: z.int().describe('The last event that this follows from.'),
  generated_at: time,
});

const answersQuery = z
  .strictObject({
    client: clientNetwork.optional().describe('An address or a network of clients: what they get, and why.'),
    draw: z
      .string()
      .regex(/^\d{1,15}$/, 'expected a whole number')
      .optional()
      .describe('The `draw` of a line of `dns.query_log`: which answer it led to.'),
  })
  .refine(
    ({ client, draw }) => draw === undefined || client !== undefined,
    'draw needs client: the answer is drawn from what that client gets',
  );

export function serviceRoutes(api: Api, { engine, generatedAt }: RouteContext): void {
  const listAnswer = z.strictObject({ services: z.array(serviceShape), generated_at: time });
  api.get('/services', { config: reads, schema: { querystring: noQuery, response: answering(listAnswer) } }, () => {
    const services = [...servicesOf(engine.state.configuration)].map((name) => summary(engine.state, knownAnswer(engine.state, name)));
    return { services, generated_at: generatedAt() };
  });

  const schema = { params: z.strictObject({ service: domainName }), querystring: answersQuery, response: answering(answersShape) };
  api.get('/services/:service/answers', { config: reads, schema }, ({ params: { service }, query: { client, draw } }) => {
    const answer = knownAnswer(engine.state, service);
    const drawn = draw === undefined ? undefined : Number(draw);
    return {
      ...shownBase(engine.state, answer),
      families: shownFamilies(answer),
      candidates: answer.candidates.map((candidate) => shownCandidate(candidate, answer)),
      ...(client !== undefined && { client: shownClient(engine.state, answer, client, drawn) }),
      position: engine.state.position,
      generated_at: generatedAt(),
    };
  });
}

function knownAnswer(state: State, service: string): ServiceAnswer {
  const answer = answerOf(state, service);
  if (answer !== undefined) return answer;
  throw unknownService(service);
}

function shownBase(state: State, { service, algorithm, ttlSeconds }: ServiceAnswer) {
  const regions = [...(state.configuration?.domains.get(service)?.regions ?? [])];
  return { name: service, algorithm, ttl: ttlSeconds, regions };
}

function summary(state: State, answer: ServiceAnswer): z.output<typeof serviceShape> {
  const tiers = families.flatMap((name) => {
    const ofFamily = answer.families[name];
    return ofFamily === undefined ? [] : [[name, ofFamily.tier ?? null]];
  });
  const candidates = { fit: 0, draining: 0, unproven: 0, 'last-resort': 0, out: 0 };
  for (const candidate of answer.candidates) candidates[candidate.tier ?? 'out'] += 1;
  const servers = answer.candidates.reduce((sum, candidate) => sum + candidate.servers.length, 0);
  return { ...shownBase(state, answer), tiers: Object.fromEntries(tiers), candidates, servers };
}

function shownCandidate(candidate: Candidate, answer: ServiceAnswer): z.output<typeof candidateShape> {
  return {
    address: candidate.address,
    family: candidate.family,
    tier: candidate.tier ?? null,
    answers: candidate.answers,
    weight: candidate.weight,
    sentence: candidateSentence(candidate, answer),
    servers: candidate.servers.map(({ server: { address, port, region, source, weight }, verdict }) => {
      return { address, port, region, source, weight, verdict: shownVerdict(verdict) };
    }),
  };
}
