/** One step of the rules on the sockets: an input goes in, and what comes out is carried out in its order. */
import assert from 'node:assert/strict';
import { assertNever } from '../../projections/assert-never.ts';
import type { Answers } from './gossip-commands.ts';
import { answer, giveSoon, type RunningMember } from './running-member.ts';
import type { Input, Member, Output } from './swim-interface.ts';

export function step(member: RunningMember, input: Input): void {
  if (member.isClosed) return;
  for (const output of member.swim.step(input, member.clock.now())) carryOut(member, output);
  member.alarm.set(member.swim.wakeAt());
}

function carryOut(member: RunningMember, output: Output) {
  const { transport, sent, inbox } = member;
  switch (output.type) {
    case 'send':
      return send(member, output);
    case 'open':
      sent[output.message.type] += 1;
      return transport.open({ ...output, withinMs: Math.max(0, output.deadline - member.clock.now()) });
    case 'reply':
      sent[output.message.type] += 1;
      return transport.reply(output.stream, output.message);
    case 'close':
      return transport.drop(output.stream);
    case 'member':
      member.memberAddresses = undefined;
      inbox.addNews({ change: output.change, member: compact(output.member) });
      return giveSoon(member);
    case 'user':
      if (!inbox.addMessage({ from: output.from, bytes: output.bytes })) transport.counts.dropped['inbox-full'] += 1;
      return giveSoon(member);
    case 'userState':
      // None of ours says anything this way, and what other programs say is not for us.
      return;
    case 'joined':
      return answerJoin(member, output.results);
    case 'metaSpread':
      for (const id of member.describes.splice(0)) answer(member, id, 'describe', undefined);
      return;
    case 'left':
      member.left = output.complete;
      for (const id of member.leaves.splice(0)) answer(member, id, 'leave', output.complete);
      return;
    default:
      return assertNever(output);
  }
}

function send({ sent, roundTrips, transport }: RunningMember, { messages, to, crc }: Output & { type: 'send' }): void {
  for (const message of messages) sent[message.type] += 1;
  const [first] = messages;
  if (first?.type === 'ping') roundTrips.pinged(first.seqNo, to, performance.now());
  transport.send(messages, to, crc);
}

/** Results name the addresses that were given, and each of those is an object of its own. */
function answerJoin(member: RunningMember, results: Answers['join']): void {
  const first = results[0]?.address;
  const id = first === undefined ? undefined : member.joins.get(first);
  assert(first !== undefined && id !== undefined, 'every join is answered once');
  member.joins.delete(first);
  answer(member, id, 'join', results);
}

/** Without what lies beside its bytes in a larger buffer, all of which would be copied to another thread. */
export function compact(member: Member): Member {
  return { ...member, meta: new Uint8Array(member.meta), vsn: new Uint8Array(member.vsn) };
}
