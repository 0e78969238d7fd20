/**
 * Beside NSD: the same zones, theirs from our export, asked the same questions: every name that is there and many that are
 * not, all types, with and without EDNS and DO, over UDP and TCP. Flags, rcode, and the records of each section with their
 * TTLs must be the same, but for what `nsd-differences.ts` gives a reason for.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { differenceBetween, differences } from './nsd-differences.ts';
import { parsed } from './nsd-messages.ts';
import { askTcp, askUdp, startNsd, withoutNsd } from './nsd-server.ts';
import { type Question, questions, twin } from './nsd-zones.ts';

describe('beside NSD', { skip: withoutNsd, timeout: 120_000 }, () => {
  const needed = new Set<string>();
  for (const isSigned of [false, true]) {
    it(`the same questions get the same messages, ${isSigned ? 'signed' : 'unsigned'}`, async (t) => {
      const ours = await twin(isSigned);
      t.after(() => ours.close());
      const nsd = await startNsd(ours.files);
      t.after(() => nsd.close());
      const counts = new Map<string, number>();
      for (const question of questions(ours.source, isSigned)) {
        const said = await both(question, ours.port, nsd.port);
        const difference = differenceBetween(said.ours, said.theirs, question);
        const what = difference === 'none' ? 'none' : difference?.what;
        if (what === undefined) assert.deepEqual(said.ours, said.theirs, `${question.name} ${question.type} over ${question.transport}`);
        else counts.set(what, 1 + (counts.get(what) ?? 0));
        if (what !== undefined) needed.add(what);
      }
      t.diagnostic(JSON.stringify(Object.fromEntries(counts)));
      assert.ok((counts.get('none') ?? 0) > 5_000, 'most are the same');
    });
  }

  it('each difference is one that is needed, and is told of in docs/dns.md', () => {
    const document = readFileSync(new URL('../../docs/dns.md', import.meta.url), 'utf8');
    const rows = document.split('\n').filter((line) => line.startsWith('| '));
    for (const { what } of differences) {
      assert.ok(needed.has(what), `no message differed by: ${what}`);
      assert.ok(
        rows.some((row) => row.startsWith(`| ${what} |`)),
        `docs/dns.md has no row: ${what}`,
      );
    }
  });
});

async function both({ packet, transport }: Question, ourPort: number, nsdPort: number) {
  const ask = transport === 'tcp' ? askTcp : askUdp;
  const [ours, theirs] = await Promise.all([ask(ourPort, packet), ask(nsdPort, packet)]);
  return { ours: parsed(ours), theirs: parsed(theirs) };
}
