/**
 * One running member: the rules of swim.ts on the sockets of transport.ts, under the machine's clock. It lives in a thread of
 * its own or in the owner's; either way the owner speaks to it in the commands and hears the notices of gossip-commands.ts.
 */
import assert from 'node:assert/strict';
import type { Address } from './address.ts';
import { createAlarm } from './alarm.ts';
import type { Command, MemberSettings, Notice, Started } from './gossip-commands.ts';
import { command } from './member-commands.ts';
import { compact, step } from './member-steps.ts';
import type { Message } from './messages.ts';
import { closeMember, isMemberAddress, type MemberParts, memberParts, type RunningMember } from './running-member.ts';
import { createSwim, swimSettings } from './swim.ts';
import { openTransport, type Transport, type TransportEvents } from './transport.ts';

export interface GossipMember {
  readonly started: Started;
  command(asked: Command): void;
}

/** Throws a `ListenError` where it cannot listen. `tell` is never called from within `command`. */
export async function startMember(settings: MemberSettings, tell: (notice: Notice) => void): Promise<GossipMember> {
  const parts = memberParts(settings, tell);
  // Sockets may hear somebody before the rules are there; whoever it is asks again.
  let member: RunningMember | undefined;
  const transport = await openTransport(
    {
      ...{ bind: settings.bind, limits: settings.limits, compress: settings.compress },
      streamTimeoutMs: settings.timing.tcpTimeoutMs,
      ring: () => (member ?? parts).ring,
      isMember: (address) => member !== undefined && isMemberAddress(member, address),
      now: parts.clock.now,
    },
    eventsFor(() => member),
  );
  const { address, port } = settings.advertise;
  const running = runOn(transport, parts, { address, port: port === 0 ? transport.port : port });
  member = running;
  running.alarm.set(running.swim.wakeAt());
  return { started: startedOf(running), command: (asked) => command(running, asked) };
}

function runOn(transport: Transport, parts: MemberParts, advertised: Address): RunningMember {
  const { settings, clock } = parts;
  const { name, meta, vsn, timing, rejoinIntervalMs } = settings;
  const self = { name, ...advertised, meta, vsn };
  const swim = createSwim({ ...swimSettings(timing), rejoinIntervalMs }, self, Math.random, clock.now());
  const heard = () => transport.counts.datagrams.received + transport.counts.streams.receivedBytes;
  const running: RunningMember = {
    ...{ ...parts, transport, swim, alarm: createAlarm(clock, heard, () => step(running, { type: 'tick' })) },
    ...{ joins: new Map(), describes: [], leaves: [], left: undefined },
    ...{ memberAddresses: undefined, isGiving: false, isClosed: false },
  };
  return running;
}

function eventsFor(current: () => RunningMember | undefined): TransportEvents {
  const withMember = (then: (member: RunningMember) => void) => {
    const member = current();
    if (member !== undefined) then(member);
  };
  return {
    received: (messages, from) =>
      withMember((member) => {
        for (const message of messages) {
          member.received[message.type] += 1;
          if (message.type === 'ack') member.roundTrips.acknowledged(message.seqNo, from, performance.now());
        }
        step(member, { type: 'datagram', messages, from });
      }),
    sendFailed: (to, remote) => withMember((member) => step(member, { type: 'sendFailed', to, remote })),
    request: (stream, message, from) =>
      withMember((member) => {
        countStream(member, message);
        step(member, { type: 'request', stream, message, from });
      }),
    response: (stream, message) =>
      withMember((member) => {
        countStream(member, message);
        step(member, { type: 'response', stream, message });
      }),
    failed: (stream, why) => withMember((member) => step(member, { type: 'streamFailed', stream, why })),
    broken: (error) => withMember((member) => void breakDown(member, error)),
  };
}

function countStream({ received, transport }: RunningMember, message: Message): void {
  received[message.type] += 1;
  if (message.type === 'pushPull') transport.counts.rejected['bad-field'] += message.refusedRecords ?? 0;
}

async function breakDown(member: RunningMember, error: Error): Promise<void> {
  if (member.isClosed) return;
  await closeMember(member);
  member.tell({ type: 'broken', error });
}

function startedOf({ settings, swim, transport }: RunningMember): Started {
  const self = swim.members().find(({ name }) => name === settings.name);
  assert(self !== undefined, 'a member knows itself');
  return { advertised: { address: self.address, port: self.port }, port: transport.port, self: compact(self) };
}
