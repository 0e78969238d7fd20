/**
 * The overwatch, put together: the log is opened and folded, the configuration applied, and around the one loop stand
 * the validator, DNS and the API. What was answered before a restart is answered again before the first new check.
 */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { isRefusal, type Order } from '../../commands/command.ts';
import type { Configuration } from '../../events/catalogue/configuration.ts';
import { openLevelLog } from '../../events/level-log.ts';
import type { EventLog } from '../../events/log.ts';
import { keepLittleFreeMemory } from '../../native/free-memory.ts';
import type { State } from '../../projections/state.ts';
import { systemClock } from '../clock.ts';
import { type Closer, closeAll } from '../closers.ts';
import { openSecretsFolder } from '../configuration/secrets-folder.ts';
import { type RedactedConfiguration, withoutSecrets } from '../configuration/without-secrets.ts';
import { type KeySync, openKeySync } from '../dns/key-sync/key-sync.ts';
import { createTableReaders, type TableReaders } from '../dns/workers/table-readers.ts';
import { threadsFor } from '../dns/workers/table-server.ts';
import { zoneSet } from '../dns/zones.ts';
import type { Engine } from '../engine.ts';
import type { Logger } from '../logger.ts';
import { openSupervisor, type Supervisor, type SupervisorOptions } from '../supervisor.ts';
import { type Agents, openAgents } from './agents/agents.ts';
import { answerLog } from './answer-log.ts';
import { createAttester } from './attester.ts';
import { afterServersChanged, isHealthKnown, prepareChecks } from './checking.ts';
import { answerPublisher, answersOf } from './published-answers.ts';
import { type RecoveredEngine, recoverEngine } from './recovered-engine.ts';
import { createReload, type Reload, type ReloadOutcome, type SecretsInUse } from './reload.ts';
import { serveApi, serveDns } from './serving.ts';
import { openSigning, type Signing } from './signing.ts';

export interface Overwatch {
  readonly engine: Engine;
  /** The port that DNS answers on, and the API's; null where it is off. */
  readonly dnsPort: number;
  readonly apiPort: number | null;
  /** The port that metrics are served on; null where they are off. */
  readonly metricsPort: number | null;
  /** The port on which agents find it, UDP and TCP; null where gossip is off. */
  readonly gossipPort: number | null;
  /** Takes up the configuration as its file is now. */
  readonly reload: Reload;
  /** Resolves when nothing that the start brought with it is still going on. */
  readonly atRest: () => Promise<void>;
  /** States what was answered last, and closes everything in order. */
  stop(reason: string): Promise<void>;
}

export interface OverwatchOptions {
  /** The file that the configuration came from: it is read again to reload. */
  readonly path: string;
  /** With its secrets. */
  readonly configuration: Configuration;
  readonly version: string;
  readonly logger: Logger;
  /** Where a service supervisor says how to reach it. Default: there is none. */
  readonly environment?: SupervisorOptions['environment'];
}

const system = { kind: 'system', name: 'overwatch' } as const;

/** Rejects with an error that has a sentence and a remedy; nothing is left open then. */
export async function startOverwatch(options: OverwatchOptions): Promise<Overwatch> {
  const { configuration, logger } = options;
  const outside: Closer[] = [];
  const inside: Closer[] = [];
  try {
    const folder = resolve(configuration.overwatch.data_dir);
    const { redactionKey } = openSecretsFolder(join(folder, 'secrets'));
    const redacted = withoutSecrets(configuration, redactionKey);
    checkZones(configuration, logger);
    const supervisor = await tellSupervisor(options, inside);
    await keepLittleFreeMemory();
    const nodeId = configuration.overwatch.identity.node_id;
    const log = await openLevelLog({ directory: join(folder, 'log'), node: nodeId ?? hostname(), nodeIsExplicit: nodeId !== undefined });
    inside.push(() => log.close());
    return await startOn(log, { ...options, supervisor, folder, redacted, redactionKey, outside, inside });
  } catch (error) {
    await closeAll([...inside, ...outside], logger);
    throw error;
  }
}

/** Its clock is its own: the sign of life shall not wait for the log to be opened. */
async function tellSupervisor({ environment = {}, logger }: OverwatchOptions, inside: Closer[]): Promise<Supervisor> {
  const supervisor = await openSupervisor({ environment, clock: systemClock(), warn: (sentence) => logger.warn(sentence) });
  inside.push(() => supervisor.close());
  return supervisor;
}

interface Parts extends OverwatchOptions {
  readonly supervisor: Supervisor;
  /** The node's own folder. */
  readonly folder: string;
  readonly redactionKey: Uint8Array;
  /** How to close what has been opened, in the order of opening: what brings facts in or answers, and what keeps them. */
  readonly outside: Closer[];
  readonly inside: Closer[];
}

interface Redacted {
  /** The configuration as it stands in facts, and what stands behind the digests in it. */
  readonly redacted: RedactedConfiguration;
}

async function startOn(log: EventLog, { redacted, ...given }: Parts & Redacted): Promise<Overwatch> {
  const recovered = await recoverEngine(log, given);
  const { engine } = recovered;
  await carryOut(engine, { actor: system, command: { kind: 'applyConfiguration', configuration: redacted.configuration, force: true } });
  return serve(log, recovered, { ...given, configuration: settingsOf(given.configuration) }, { current: redacted.secrets });
}

/** Without what the state has from now on, which is nearly all of it. */
function settingsOf(configuration: Configuration): Configuration {
  return { ...configuration, regions: [], domains: [] };
}

async function serve(log: EventLog, recovered: RecoveredEngine, parts: Parts, secrets: SecretsInUse): Promise<Overwatch> {
  const { configuration, version, logger, supervisor, outside, inside } = parts;
  const { engine, world, listeners } = recovered;
  // Before anything is answered or observed: an agent that fell silent while nobody was here is not stale for that.
  await carryOut(engine, { actor: system, command: { kind: 'startNode', version } });

  const checking = prepareChecks(recovered, configuration.overwatch.validation.max_concurrent, secrets);
  const attester = createAttester(world.clock);
  const { readers, signing, keySync } = await openAnswers(parts, recovered);
  listeners.push(attester.listener, afterServersChanged(checking.assign), answerLog(logger));

  const agents = await joinGossip(parts, recovered, secrets);
  const { dnsPort, metricsPort, metrics } = await serveDns(parts, recovered, readers, { agents, keys: signing.keys, keySync });
  const reload = toldReload(parts, engine, secrets, ({ applied }) => metrics?.countReload(applied));
  const apiPort = await serveApi(parts, recovered, log, {
    readiness: () => ({ dns: true, health: isHealthKnown(engine.state, checking.targets()) }),
    checkNow: checking.validator.checkNow,
    ...{ keys: signing.keys, keySync, reload },
    ...(agents !== undefined && { agents }),
  });
  checking.assign();
  outside.push(() => checking.validator.stop());
  agents?.begin();
  signing.begin(readers.writer);
  keySync.begin();
  attester.start(engine);
  outside.push(() => attester.stop());
  const gossipPort = agents?.gossip.port ?? null;
  tellServing(parts, log, engine.state, { dns: dnsPort, api: apiPort, metrics: metricsPort, gossip: gossipPort });
  return {
    ...{ engine, dnsPort, apiPort, metricsPort, gossipPort, reload, atRest: recovered.atRest },
    stop: async (reason) => {
      supervisor.stopping();
      await closeAll(outside, logger);
      await closeAll([...inside, () => engine.execute({ actor: system, command: { kind: 'stopNode', reason } })], logger);
    },
  };
}

/** The table with all that is to be said, signed, and what keeps it so. What folds meanwhile is published after. */
async function openAnswers(
  parts: Parts,
  { engine, world, listeners }: RecoveredEngine,
): Promise<{ readers: TableReaders; signing: Signing; keySync: KeySync }> {
  const { configuration, folder, logger, outside } = parts;
  const { dnssec } = configuration.overwatch;
  if (!dnssec.enabled) logger.warn('DNS answers are not signed: overwatch.dnssec.enabled is false');
  const signing = await openSigning({ engine, ...world, secrets: join(folder, 'secrets'), logger });
  outside.push(() => signing.stop());
  const publisher = answerPublisher(engine.state);
  listeners.push(publisher.listener, signing.listener);
  const keySync = await openKeySync({
    engine,
    ...world,
    keys: signing.keys,
    secrets: join(folder, 'secrets'),
    node: world.log.node,
    logger,
  });
  outside.push(() => keySync.stop());
  const answers = answersOf(engine.state, signing.signed);
  await signing.signAll(answers);
  const readers = createTableReaders(answers, threadsFor(configuration.dns.workers));
  outside.push(() => readers.writer.stop());
  publisher.begin(readers.writer);
  return { readers, signing, keySync };
}

/** Undefined where gossip is off. It hears nothing before it begins. */
async function joinGossip(parts: Parts, { engine, world }: RecoveredEngine, secrets: SecretsInUse): Promise<Agents | undefined> {
  const { configuration, folder, version, logger, outside } = parts;
  const { gossip } = configuration.overwatch;
  if (gossip === undefined) return undefined;
  if (gossip.legacy_agents === 'accept')
    logger.warn('agents of the original OpenGSLB are let in, which prove nothing: whoever has the gossip key can speak for them');
  const agents = await openAgents({ engine, world, configuration, secrets: () => secrets.current, folder, version, logger });
  outside.push(() => agents.stop());
  return agents;
}

/** A reload of which the supervisor is told. */
function toldReload(parts: Parts, engine: Engine, secrets: SecretsInUse, onOutcome: (outcome: ReloadOutcome) => void): Reload {
  const { path, redactionKey, logger, configuration, supervisor } = parts;
  const reload = createReload({ path, engine, redactionKey, logger, started: configuration, secrets, onOutcome });
  return (asked) => supervisor.whileReloading(() => reload(asked));
}

/** Says that everything is open and where: to whoever reads the lines, and to whoever started the node. */
function tellServing({ logger, supervisor }: Parts, log: EventLog, state: State, ports: Readonly<Record<string, number | null>>): void {
  const words = Object.entries(ports).map(([name, port]) => [name, port === null ? 'off' : `port ${port}`] as const);
  logger.info({ node: log.node, ...Object.fromEntries(words), position: state.position }, 'serving');
  supervisor.ready(`Serving: ${words.map(([name, place]) => `${name} ${place}`).join(', ')}`);
}

/** Refuses zones that could not be served, and tells what is odd about the others. */
function checkZones(configuration: Configuration, logger: Logger): void {
  const { problems, warnings } = zoneSet(configuration, configuration.dns.listen_address);
  for (const warning of warnings) logger.warn(warning);
  if (problems.length === 0) return;
  throw Object.assign(new Error(problems.join('\n')), { code: 'zones-inconsistent', remedy: 'mend dns.zones in the configuration' });
}

/** Carries out what a start cannot do without. */
async function carryOut(engine: Engine, order: Order): Promise<void> {
  const outcome = await engine.execute(order);
  if (isRefusal(outcome)) throw Object.assign(new Error(outcome.error), { code: outcome.refused, remedy: outcome.remedy });
}
