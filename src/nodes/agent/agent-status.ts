/** How the agent stands, for whoever asks on this host and for the metrics. */
import type { AgentStatus } from './control-messages.ts';
import type { Drains } from './drains.ts';
import type { OverwatchLinks } from './overwatch-links.ts';
import type { OwnReport } from './own-report.ts';

export interface StatusParts {
  readonly name: string;
  readonly version: string;
  readonly boot: number;
  readonly report: Pick<OwnReport, 'backends'>;
  readonly drains: Pick<Drains, 'list' | 'reasonOf'>;
  readonly links: Pick<OverwatchLinks, 'status'>;
}

export function agentStatusOf({ name, version, boot, report, drains, links }: StatusParts): AgentStatus {
  return {
    ...{ agent: name, version, boot },
    backends: report.backends().map(({ service, address, port, weight, healthy, error }) => {
      return { service, address, port, weight, healthy, error, draining: drains.reasonOf(service) };
    }),
    drains: drains.list().map(({ by, service, reason }) => ({ by, service, reason })),
    overwatches: [...links.status()],
  };
}
