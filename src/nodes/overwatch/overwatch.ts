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
import { healthOf } from '../../projections/health.ts';
import type { State } from '../../projections/state.ts';
import { type ApiOptions, createApi } from '../api/api.ts';
import { listenApi } from '../api/listen.ts';
import { createRecentChanges } from '../api/stream-recent.ts';
import { checks } from '../checks/checks.ts';
import { type ClockStep, systemClock, watchTime } from '../clock.ts';
import { openSecretsFolder } from '../configuration/secrets-folder.ts';
import { type RedactedConfiguration, withoutSecrets } from '../configuration/without-secrets.ts';
import type { Respond } from '../dns/answering.ts';
import { createDnsCounter } from '../dns/counts.ts';
import { countingDraw } from '../dns/draw.ts';
import { createResponder } from '../dns/responder.ts';
import { startDnsServer } from '../dns/server.ts';
import { zoneSet } from '../dns/zones.ts';
import { createEngine, type Engine, type Listener } from '../engine.ts';
import type { Logger } from '../logger.ts';
import { listenMetrics } from '../metrics/listen.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { createSnapshotKeeper } from '../snapshot-keeper.ts';
import { openSnapshotFolder } from '../snapshots.ts';
import type { World } from '../world.ts';
import { answerLog } from './answer-log.ts';
import { createAttester } from './attester.ts';
import { answerPublisher, answerTable } from './published-answers.ts';
import { createReload, type Reload, type SecretsInUse } from './reload.ts';
import { validationTargets } from './targets.ts';
import { createValidator, type ValidationTarget } from './validator.ts';

export interface Overwatch {
  readonly engine: Engine;
  /** The port that DNS answers on, and the API's; null where it is off. */
  readonly dnsPort: number;
  readonly apiPort: number | null;
  /** The port that metrics are served on; null where they are off. */
  readonly metricsPort: number | null;
  /** Takes up the configuration as its file is now. */
  readonly reload: Reload;
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
}

const system = { kind: 'system', name: 'overwatch' } as const;

/** Rejects with an error that has a sentence and a remedy; nothing is left open then. */
export async function startOverwatch(options: OverwatchOptions): Promise<Overwatch> {
  const { configuration, logger } = options;
  const folder = resolve(configuration.overwatch.data_dir);
  const { redactionKey } = openSecretsFolder(join(folder, 'secrets'));
  const redacted = withoutSecrets(configuration, redactionKey);
  checkZones(configuration, logger);
  const nodeId = configuration.overwatch.identity.node_id;
  const log = await openLevelLog({ directory: join(folder, 'log'), node: nodeId ?? hostname(), nodeIsExplicit: nodeId !== undefined });
  const outside: Closer[] = [];
  const inside: Closer[] = [() => log.close()];
  try {
    return await startOn(log, { ...options, redacted, redactionKey, outside, inside });
  } catch (error) {
    await closeAll([...inside, ...outside], logger);
    throw error;
  }
}

type Closer = () => Promise<unknown> | void;

interface Parts extends OverwatchOptions {
  /** The configuration as it stands in facts, and what stands behind the digests in it. */
  readonly redacted: RedactedConfiguration;
  readonly redactionKey: Uint8Array;
  /** How to close what has been opened, in the order of opening: what brings facts in or answers, and what keeps them. */
  readonly outside: Closer[];
  readonly inside: Closer[];
}

async function startOn(log: EventLog, parts: Parts): Promise<Overwatch> {
  const { path, configuration, redacted, redactionKey, version, logger, outside, inside } = parts;
  const onStep = (step: ClockStep) => {
    logger.warn(step, 'the wall clock was set; moments go on as before');
    engine.observe({ type: 'clock.stepped', data: step });
  };
  const world: World = { clock: systemClock({ onStep }), chance: Math.random, log };
  const warn = (sentence: string) => logger.warn(sentence);
  const snapshots = openSnapshotFolder(join(resolve(configuration.overwatch.data_dir), 'snapshots'), warn);
  const restored = await snapshots.restore(log);
  const keeper = createSnapshotKeeper({ folder: snapshots, log, from: restored?.position ?? 0, warn });
  const listeners: Listener[] = [keeper.listener];
  const onTrouble = (error: unknown) => logger.error({ err: error }, 'the log cannot be written; DNS goes on');
  const onRecovery = () => logger.info({ position: log.synced.position }, 'the log is written again');
  const engine = createEngine(world, listeners, onTrouble, { onRecovery, ...(restored && { state: restored }) });
  await engine.fold(log);
  engine.start();
  const unwatch = watchTime(world.clock, (forMs) => {
    logger.warn({ forMs }, 'the process stood still');
    engine.observe({ type: 'node.stalled', data: { forMs } });
  });
  inside.push(() => keeper.stop(engine.state));
  inside.push(() => engine.stop());
  inside.push(unwatch);
  await carryOut(engine, { actor: system, command: { kind: 'applyConfiguration', configuration: redacted.configuration, force: true } });

  const { state } = engine;
  const table = answerTable(state);
  const validator = createValidator({
    clock: world.clock,
    chance: world.chance,
    checks,
    maxConcurrent: configuration.overwatch.validation.max_concurrent,
    record: (data) => engine.observe({ type: 'validation.recorded', data }),
  });
  const attester = createAttester(world.clock);
  const secrets: SecretsInUse = { current: redacted.secrets };
  const targets = () => validationTargets(state, secrets.current);
  const assign = () => validator.assign(targets());
  listeners.push(answerPublisher(table, state), attester.listener, afterServersChanged(assign), answerLog(logger));

  logger.warn('DNS answers are not signed: this version has no DNSSEC');
  const dnsCounter = createDnsCounter();
  const responder = createResponder(table);
  const draw = countingDraw(world.chance);
  const respond: Respond = (packet, client) => responder.respond(packet, client, draw);
  const metrics = configuration.metrics.enabled ? createMetrics({ engine, log, dnsCounter, version }) : undefined;
  if (metrics !== undefined) listeners.push(metrics.listener);
  const dns = await startDnsServer({
    listenAddress: configuration.dns.listen_address,
    respond: metrics?.measured(respond) ?? respond,
    onCount: dnsCounter.count,
  });
  outside.push(() => dns.close());
  const metricsListener = metrics && (await listenMetrics(metrics, configuration.metrics.address));
  outside.push(() => metricsListener?.close());
  const reload = createReload({
    ...{ path, engine, redactionKey, logger, started: configuration, secrets },
    onOutcome: ({ applied }) => metrics?.countReload(applied),
  });
  const apiPort = await startApi(parts, engine, log, targets, { checkNow: validator.checkNow, reload, listeners });
  assign();
  outside.push(() => validator.stop());
  await carryOut(engine, { actor: system, command: { kind: 'startNode', version } });
  attester.start(engine);
  outside.push(() => attester.stop());
  const metricsPort = metricsListener?.port ?? null;
  const portText = (port: number | null) => (port === null ? 'off' : `port ${port}`);
  const ports = { dns: portText(dns.port), api: portText(apiPort), metrics: portText(metricsPort) };
  logger.info({ node: log.node, ...ports, position: state.position }, 'serving');
  return {
    engine,
    dnsPort: dns.port,
    apiPort,
    metricsPort,
    reload,
    stop: async (reason) => {
      await closeAll(outside, logger);
      await closeAll([...inside, () => engine.execute({ actor: system, command: { kind: 'stopNode', reason } })], logger);
    },
  };
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

/** Calls `assign` once after everything that was folded together, if that changed whom or how to check. */
function afterServersChanged(assign: () => void): Listener {
  let isDue = false;
  return ({ cause }) => {
    if (isDue || !('event' in cause)) return;
    const { type } = cause.event;
    if (type !== 'configuration.applied' && !type.startsWith('server.')) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      assign();
    });
  };
}

async function startApi(
  parts: Parts,
  engine: Engine,
  log: EventLog,
  targets: () => readonly ValidationTarget[],
  around: Pick<ApiOptions, 'checkNow' | 'reload'> & { readonly listeners: Listener[] },
): Promise<number | null> {
  const { configuration, version, logger, outside } = parts;
  const settings = configuration.api;
  if (!settings.enabled) return null;
  const readiness = () => ({ dns: true, health: isHealthKnown(engine.state, targets()) });
  const { listeners, ...routes } = around;
  const recentChanges = createRecentChanges(engine.state);
  listeners.push(recentChanges.listener);
  const api = createApi({ engine, log, logger, settings, version, readiness, recentChanges, ...routes });
  outside.push(() => api.close());
  return listenApi(api, settings.address);
}

/** Whether every server that is checked has been checked. */
function isHealthKnown(state: State, targets: readonly ValidationTarget[]): boolean {
  return targets.every(({ service, address, port }) => healthOf(state.health, service, address, port) !== undefined);
}

/** Closes in the opposite order of opening. What cannot be closed is told, and the rest is closed all the same. */
async function closeAll(closers: readonly Closer[], logger: Logger): Promise<void> {
  for (const close of [...closers].reverse()) {
    try {
      await close();
    } catch (error) {
      logger.error({ err: error }, 'closing failed');
    }
  }
}
