/** One member on virtual time, for the tests of its rules: what it hears, what time brings, and what it says then. */
import type { Address } from '../../../../src/nodes/gossip/address.ts';
import { addressBytes } from '../../../../src/nodes/gossip/address.ts';
import type { Alive, Message, NodeRecord } from '../../../../src/nodes/gossip/messages.ts';
import { createSwim, swimSettings } from '../../../../src/nodes/gossip/swim.ts';
import type { Input, Output, SwimSettings } from '../../../../src/nodes/gossip/swim-interface.ts';
import { timingPresets } from '../../../../src/nodes/gossip/timing.ts';
import { drawsFrom } from '../../../torture/chance.ts';

const vsn = Uint8Array.of(1, 5, 2, 0, 0, 0);

/** Everybody has an address of their own, which follows from the name: `b` is at 10.0.0.98. */
export const placeOf = (name: string): Address => ({ address: `10.0.0.${name.charCodeAt(name.length - 1)}`, port: 7946 });

export const text = (words: string) => new TextEncoder().encode(words);

export function alive(name: string, incarnation = 1, change: Partial<Alive> = {}): Message {
  const { address, port } = placeOf(name);
  return { type: 'alive', node: name, incarnation, addr: addressBytes(address), port, meta: text(''), vsn, ...change };
}
export const suspect = (name: string, incarnation: number, from: string): Message => ({ type: 'suspect', node: name, incarnation, from });
export const dead = (name: string, incarnation: number, from: string): Message => ({ type: 'dead', node: name, incarnation, from });

export function record(name: string, state: NodeRecord['state'], incarnation = 1, change: Partial<NodeRecord> = {}): NodeRecord {
  const { address, port } = placeOf(name);
  return { name, state, incarnation, addr: addressBytes(address), port, meta: text(''), vsn, ...change };
}
export const pushPull = (nodes: readonly NodeRecord[], join = false, userState = text('')): Message => ({
  type: 'pushPull',
  join,
  nodes,
  userState,
});

export type Kind<T extends Output['type']> = Extract<Output, { type: T }>;
export function only<T extends Output['type']>(outputs: readonly Output[], type: T): readonly Kind<T>[] {
  return outputs.filter((output): output is Kind<T> => output.type === type);
}

/** What changed, as `joined b`. */
export const changes = (outputs: readonly Output[]) => only(outputs, 'member').map(({ change, member }) => `${change} ${member.name}`);

/** Every message of every datagram to an address, or to anybody. */
export function sent(outputs: readonly Output[], to?: string): readonly Message[] {
  return only(outputs, 'send')
    .filter((output) => to === undefined || output.to.address === placeOf(to).address)
    .flatMap(({ messages }) => messages);
}
export function sentOf<T extends Message['type']>(
  outputs: readonly Output[],
  type: T,
  to?: string,
): readonly Extract<Message, { type: T }>[] {
  return sent(outputs, to).filter((message): message is Extract<Message, { type: T }> => message.type === type);
}

export interface Given extends Partial<SwimSettings> {
  readonly knows?: readonly string[];
  readonly seed?: number;
  readonly vsn?: Uint8Array;
}

/** The member `a`, which knows some others and has told all that it had to tell of them. */
export function memberA({ knows = [], seed = 1, vsn: ownVersions, ...change }: Given = {}) {
  const settings = { ...swimSettings(timingPresets.lan), rejoinIntervalMs: 0, ...change };
  const self = { name: 'a', ...placeOf('a'), meta: text(''), ...(ownVersions !== undefined && { vsn: ownVersions }) };
  const swim = createSwim(settings, self, drawsFrom(seed).fraction, 0);
  let now = 0;
  const step = (input: Input) => swim.step(input, now);
  const a = {
    swim,
    now: () => now,
    step,
    /** A datagram from `b`. */
    hear: (...messages: readonly Message[]) => step({ type: 'datagram', messages, from: placeOf('b') }),
    hearFrom: (name: string, ...messages: readonly Message[]) => step({ type: 'datagram', messages, from: placeOf(name) }),
    /** Lets time pass, with a tick whenever one is due; `answer` may feed something in return to each output. */
    moveTo(to: number, answer: (output: Output) => Input | undefined = () => undefined): readonly Output[] {
      const outputs: Output[] = [];
      for (let at = swim.wakeAt(); at <= to; at = swim.wakeAt()) {
        now = Math.max(now, at);
        const said = [...step({ type: 'tick' })];
        for (const output of said) {
          const input = answer(output);
          if (input !== undefined) said.push(...step(input));
        }
        outputs.push(...said);
      }
      now = Math.max(now, to);
      return outputs;
    },
    /** Time passes while the member is stopped: nothing is due until it looks again. */
    sleepUntil(to: number) {
      now = to;
    },
    stateOf: (name: string) => swim.members().find((member) => member.name === name)?.state,
    member: (name: string) => swim.members().find((member) => member.name === name),
    refused: () => swim.counters().refused,
  };
  a.hear(...knows.map((name) => alive(name)));
  // Until nobody has anything left to hear; the probes of that time are answered.
  a.moveTo(knows.length > 0 ? 10_000 : 0, acknowledged);
  return a;
}

/** Answers every ping of `a` at once. */
export function acknowledged(output: Output): Input | undefined {
  if (output.type !== 'send') return undefined;
  const ping = output.messages.find((message) => message.type === 'ping');
  if (ping === undefined) return undefined;
  return { type: 'datagram', messages: [{ type: 'ack', seqNo: ping.seqNo, payload: text('') }], from: output.to };
}
