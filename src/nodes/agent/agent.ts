/**
 * The agent, put together: checks, drains and signals on one side, overwatches on the other, and between them the outbox
 * that tells each of them what changed. It starts and works on while no overwatch is there, and never serves DNS.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../events/catalogue/configuration.ts';
import { durationMs } from '../../events/duration.ts';
import { checks } from '../checks/checks.ts';
import { systemClock } from '../clock.ts';
import { type Closer, closeAll } from '../closers.ts';
import type { Environment } from '../configuration/environment.ts';
import type { Gossip, GossipKeys } from '../gossip/gossip.ts';
import { openKeptKeys } from '../gossip/kept-keys.ts';
import type { Claims } from '../identity/agent-messages.ts';
import { countBoot } from '../identity/boot-counter.ts';
import type { Logger } from '../logger.ts';
import { listenMetrics } from '../metrics/listen.ts';
import { openSupervisor, type Supervisor } from '../supervisor.ts';
import type { Clock } from '../world.ts';
import { type AgentMetrics, createAgentMetrics } from './agent-metrics.ts';
import { createAgentReload } from './agent-reload.ts';
import { agentStatusOf } from './agent-status.ts';
import { carryOutControl } from './control-commands.ts';
import { carryOutKeys, isKeyRequest } from './control-keys.ts';
import type { AgentStatus } from './control-messages.ts';
import { controlPath } from './control-path.ts';
import { openControlSocket } from './control-socket.ts';
import { watchDrainFile } from './drain-file.ts';
import { type Drains, openDrains } from './drains.ts';
import { gossipCarrier, startAgentGossip } from './gossip-carrier.ts';
import { keepIdentity } from './kept-identity.ts';
import { createLinkLog } from './link-log.ts';
import { createOutbox } from './outbox.ts';
import { createOverwatchLinks, type OverwatchLinks } from './overwatch-links.ts';
import { type AgentSettings, tokensOf } from './own-claims.ts';
import { createOwnReport, type OwnReport } from './own-report.ts';
import { openPins } from './pins.ts';
import { createReconnect } from './reconnect.ts';
import { openStateFolder } from './state-folder.ts';
import { drainBeforeStop, stopDrainMs } from './stop-drain.ts';

export interface Agent {
  /** The port of the gossip, and that of the metrics; null where they are off. */
  readonly gossipPort: number;
  readonly metricsPort: number | null;
  status(): AgentStatus;
  /** Takes up the backends, tokens and thresholds as the file has them now; whether it did. */
  reload(): Promise<boolean>;
  /** Drains everything, and waits until no resolver can still hold an answer with its backends, or until the signal. */
  drain(signal: AbortSignal): Promise<'waited' | 'cut-short'>;
  /** Says goodbye, which may take so long, and closes everything in order. */
  stop(goodbyeMs: number): Promise<void>;
  /** Resolves when the gossip broke down, so that nobody hears this agent any more. */
  readonly broken: Promise<Error>;
}

export interface AgentOptions {
  /** The file that the configuration came from: it is read again to reload. */
  readonly path: string;
  /** With its secrets. It has an agent. */
  readonly configuration: Configuration;
  readonly version: string;
  readonly logger: Logger;
  /** For `${NAME}` in the file, and where a service supervisor says how to reach it. */
  readonly environment: Environment;
}

/** Rejects with an error that has a sentence and a remedy; nothing is left open then. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const closers: Closer[] = [];
  const { environment, logger } = options;
  const clock = systemClock();
  try {
    const supervisor = await openSupervisor({ environment, clock, warn: (sentence) => logger.warn(sentence), doing: 'Starting' });
    closers.push(() => supervisor.close());
    const inside = assemble({ ...options, clock, closers });
    return await open({ ...options, clock, closers, supervisor, inside });
  } catch (error) {
    await closeAll(closers, logger);
    throw error;
  }
}

interface Parts extends AgentOptions {
  readonly clock: Clock;
  /** How to close what has been opened, in the order of opening. */
  readonly closers: Closer[];
}

/** All that needs no socket. */
interface Inside {
  readonly name: string;
  /** Of what it must not forget. */
  readonly folder: string;
  readonly boot: number;
  readonly drains: Drains;
  readonly links: OverwatchLinks;
  readonly metrics: AgentMetrics;
  readonly report: () => OwnReport;
  readonly status: () => AgentStatus;
  /** Tells the overwatches from here on; before, there may be nothing to say yet. */
  readonly begin: (gossip: Gossip) => void;
  readonly take: (configuration: Configuration) => Promise<void>;
}

function assemble({ configuration, version, logger, clock, closers }: Parts): Inside {
  const settings = configuration.agent as AgentSettings;
  const name = settings.identity.agent_id ?? hostname();
  const folder = openStateFolder(settings.state_dir);
  const pins = openPins(folder);
  const drains = openDrains({ folder, changed: tell });
  const { cert_path: certPath, key_path: keyPath, region } = settings.identity;
  const identity = keepIdentity({ agent: name, certPath, keyPath, clock, logger, rotated: () => links.introduceAgain() });
  closers.push(() => identity.stop());
  const boot = countBoot(join(folder.path, 'boot'), clock.now());

  let gossip: Gossip | undefined;
  const status = () => agentStatusOf({ name, version, boot, report, drains, links });
  const metrics = createAgentMetrics({
    ...{ version, agent: name, region, status },
    signals: () => report.signals(),
    badSignals: () => report.badSignals(),
    gossipCounters: () => gossip?.counters() ?? Promise.reject(new Error('there is no gossip yet')),
  });
  const chance = Math.random;
  const watch = (wanted: Configuration) =>
    createOwnReport({ configuration: wanted, clock, chance, checks, drains, changed: tell, checked: metrics.checked });
  let report = watch(configuration);
  closers.push(() => report.stop());

  const intervalMs = durationMs(settings.heartbeat.interval);
  const outbox = createOutbox<Claims>({ boot, claims: report.claims(), intervalMs });
  const toldLink = createLinkLog(logger);
  const links = createOverwatchLinks({
    ...{ clock, chance, boot, intervalMs, outbox, pins },
    carrier: gossipCarrier(() => gossip as Gossip),
    self: () => {
      const own = report.settings;
      return { agent: name, version, region: own.identity.region, tokens: tokensOf(own), ...identity.current() };
    },
    signals: () => report.signals(),
    reconnect: createReconnect({ addresses: settings.gossip.overwatch_nodes }),
    nonce: () => new Uint8Array(randomBytes(16)),
    told(news) {
      metrics.told(news);
      toldLink(news);
    },
  });

  let said = '';
  /** Tells every overwatch what changed, if anything did. What is measured before there is anybody to tell is told later. */
  function tell(): void {
    if (gossip === undefined) return;
    const claims = report.claims();
    // Signals go with every message; only one that turns bad or well again is worth one of its own.
    const now = JSON.stringify([claims, [...report.badSignals()]]);
    if (now === said) return;
    said = now;
    outbox.change(claims, clock.now());
    links.wake();
  }

  return {
    ...{ name, folder: folder.path, boot, drains, links, metrics, status },
    report: () => report,
    begin(started) {
      gossip = started;
      tell();
      links.start();
    },
    async take(wanted) {
      const next = watch(wanted);
      await next.complete;
      const before = report;
      report = next;
      tell();
      if (isIntroducedOtherwise(before.settings, next.settings)) links.introduceAgain();
      await before.stop();
    },
  };
}

/** Whether an overwatch must be told anew who this is and what it may speak for. */
function isIntroducedOtherwise(before: AgentSettings, after: AgentSettings): boolean {
  const introduced = (settings: AgentSettings) => JSON.stringify([settings.identity.region, [...tokensOf(settings)]]);
  return introduced(before) !== introduced(after);
}

interface OpenParts extends Parts {
  readonly supervisor: Supervisor;
  readonly inside: Inside;
}

/** Opens what others reach it by, and begins. */
async function open(parts: OpenParts): Promise<Agent> {
  const { path, configuration, version, logger, environment, clock, closers, supervisor, inside } = parts;
  const settings = configuration.agent as AgentSettings;
  const { name, boot, drains, links, metrics, report, status } = inside;

  let keys: GossipKeys | undefined;
  const socket = await openControlSocket(controlPath(settings), (request) => {
    if (isKeyRequest(request)) return carryOutKeys(request, keys, status);
    const services = new Set(report().settings.backends.map(({ service }) => service));
    return carryOutControl(request, { drains, services, status });
  });
  closers.push(() => socket.close());
  const metricsListener = configuration.metrics.enabled ? await listenMetrics(metrics, configuration.metrics.address) : undefined;
  closers.push(() => metricsListener?.close());
  const drainFile = settings.drain_file === undefined ? undefined : watchDrainFile(drainFileOptions(settings.drain_file, drains, clock));
  closers.push(() => drainFile?.close());
  let failed: (error: Error) => void = () => {};
  const broken = new Promise<Error>((resolve) => {
    failed = resolve;
  });
  const kept = openKeptKeys(join(inside.folder, 'gossip.keys'), settings.gossip.encryption_key);
  if (kept.warning !== undefined) logger.warn(kept.warning);
  const gossip = await startAgentGossip({ settings, keys: kept, agent: name, version, now: clock.now(), links, failed });
  keys = gossip.keys;
  closers.push(() => gossip.close());
  closers.push(() => links.stop());

  // A backend that was not looked at yet would be claimed as unhealthy, and one that drains as if it did not.
  void Promise.all([report().complete, drainFile?.ready]).then(() => inside.begin(gossip));
  const reload = createAgentReload({ path, environment, started: configuration, logger, take: inside.take });
  const ports = { gossipPort: gossip.port, metricsPort: metricsListener?.port ?? null };
  logger.info(
    { agent: name, boot, gossip: `port ${ports.gossipPort}`, metrics: portWords(ports.metricsPort), socket: socket.path },
    'watching',
  );
  supervisor.ready(`Watching ${settings.backends.length} backends`);
  return {
    ...{ ...ports, status, broken },
    async reload() {
      const applied = await supervisor.whileReloading(reload);
      metrics.reloaded(applied);
      return applied;
    },
    drain(signal) {
      supervisor.stopping();
      const { drain_timeout: timeout } = report().settings;
      const waitMs = stopDrainMs(timeout === undefined ? undefined : durationMs(timeout), links.longestTtlSeconds());
      logger.info({ waitMs }, 'draining');
      return drainBeforeStop({ clock, drains, waitMs, signal });
    },
    async stop(goodbyeMs) {
      links.farewell();
      await gossip.leave(goodbyeMs);
      await closeAll(closers, logger);
    },
  };
}

function drainFileOptions(path: string, drains: Drains, clock: Clock) {
  const told = (reason: string | null) => {
    if (reason === null) drains.end('file');
    else drains.begin({ by: 'file', service: null, reason });
  };
  return { path, clock, told };
}

const portWords = (port: number | null) => (port === null ? 'off' : `port ${port}`);
