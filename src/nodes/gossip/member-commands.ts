/** What the owner of a member asks of it, carried out. */
import { assertNever } from '../../projections/assert-never.ts';
import type { Command, Question } from './gossip-commands.ts';
import { changeKeys, keyViews } from './key-changes.ts';
import { step } from './member-steps.ts';
import { answer, closeMember, countersOf, giveSoon, type RunningMember } from './running-member.ts';

/** Nothing is answered any more once it is closed. */
export function command(member: RunningMember, asked: Command) {
  if (member.isClosed) return;
  switch (asked.type) {
    case 'send':
      return step(member, { type: 'sendUser', to: asked.to, bytes: asked.bytes, reliable: asked.reliable });
    case 'broadcast':
      return step(member, { type: 'broadcastUser', bytes: asked.bytes, ...(asked.key === undefined ? {} : { key: asked.key }) });
    case 'taken':
      member.inbox.taken();
      return giveSoon(member);
    default:
      return question(member, asked, asked.id);
  }
}

function question(member: RunningMember, asked: Question, id: number) {
  switch (asked.type) {
    case 'join':
      return join(member, asked, id);
    case 'describe':
      member.describes.push(id);
      return step(member, { type: 'updateMeta', meta: asked.meta });
    case 'leave':
      if (member.left !== undefined) return answer(member, id, 'leave', member.left);
      member.leaves.push(id);
      return step(member, { type: 'leave', timeoutMs: asked.timeoutMs });
    case 'listKeys':
      return answer(member, id, 'listKeys', keyViews(member.ring));
    case 'changeKeys': {
      const { ring, outcome } = changeKeys(member.ring, asked.action, asked.key);
      member.ring = ring;
      return answer(member, id, 'changeKeys', outcome);
    }
    case 'counters':
      return answer(member, id, 'counters', countersOf(member));
    case 'close':
      return void closeMember(member).then(() => answer(member, id, 'close', undefined));
    default:
      return assertNever(asked);
  }
}

function join(member: RunningMember, asked: Question & { type: 'join' }, id: number) {
  // Objects of their own: by them the results are told apart from those of another join.
  const addresses = asked.addresses.map((address) => ({ ...address }));
  const [first] = addresses;
  if (first === undefined) return answer(member, id, 'join', []);
  member.joins.set(first, id);
  step(member, { type: 'join', addresses, remember: asked.remember });
}
