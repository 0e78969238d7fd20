/**
 * Agents on a network of machines, with the addresses of docker-compose.yml: the demo's own scenario, and partitions
 * between an agent and some of the overwatches. Each piece runs in network namespaces of its own, where these are to be
 * had, and real packets are lost between them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AgentSummary } from '../../src/nodes/demo/agents/summary.ts';
import type { PartitionSeen } from './agents-in-namespaces.ts';
import { inOwnNetwork, whyNoNamespaces } from './network-namespaces.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const limitMs = 150_000;
/** How long an agent may wait before it tries an overwatch again that was away, and one sign of life. */
const healedWithinMs = 31_000;
const [web1, web2, web3] = ['10.20.0.21', '10.20.0.22', '10.20.0.23'] as const;
const all = [web1, web2, web3].join(' ');

async function play<Seen>(piece: string): Promise<Seen> {
  const { code, stdout, stderr } = await inOwnNetwork(
    ['--import', import.meta.resolve('tsx'), `${root}test/e2e/agents-in-namespaces.ts`, piece],
    limitMs,
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Seen;
}

describe('agents in network namespaces', { skip: whyNoNamespaces() ?? false }, () => {
  before(async () => {
    await promisify(execFile)(process.execPath, [`${root}scripts/ready.mjs`, '--build'], { cwd: root });
  });

  test('the demo: dying costs requests, being drained first costs none', async () => {
    const { ok, reactive, proactive, steps, seen, dns } = await play<AgentSummary>('scenario');
    assert.equal(ok, true, JSON.stringify(steps));
    assert.ok(reactive !== null && proactive !== null);
    assert.ok(reactive.failedRequests > 0, 'a server that dies costs requests until the client has heard of it');
    assert.equal(proactive.failedRequests, 0);
    assert.equal(dns.failed, 0);
    // A machine that is very busy may let a check time out, and there is a set more; what was done shows all the same.
    let next = 0;
    const done = [all, `${web1} ${web3}`, all, `${web1} ${web2}`, all];
    for (const set of seen) if (set.join(' ') === done[next]) next += 1;
    assert.equal(next, done.length, JSON.stringify(seen));
  });

  test('overwatches that are cut off from an agent answer by what they see, and agree again once healed', async () => {
    const { stages, asked } = await play<PartitionSeen>('partition');
    const answersAfter = (deed: string) => stages.find((stage) => stage.deed === deed)?.answers;
    const without = `${web1} ${web2}`;
    assert.deepEqual(answersAfter('gossip of web3 is cut off from two and three'), { one: all, two: all, three: without });
    assert.deepEqual(answersAfter('web3 is drained'), { one: without, two: all, three: without });
    assert.deepEqual(answersAfter('web3 is cut off from two altogether'), { one: all, two: without, three: all });
    for (const deed of ['everything is drained', 'every agent is gone'])
      assert.deepEqual(answersAfter(deed), { one: all, two: all, three: all }, deed);
    for (const { deed, tookMs, answers } of stages.filter((stage) => stage.deed.endsWith('is healed'))) {
      assert.equal(new Set(Object.values(answers)).size, 1, `they agree after ${deed}`);
      assert.ok(tookMs <= healedWithinMs, `${deed}: it took ${tookMs} ms until they agreed`);
    }
    for (const [name, { answered, missed }] of Object.entries(asked)) {
      assert.ok(answered > 50, `${name} was asked all along`);
      assert.deepEqual(missed, [], `${name} always had an answer`);
    }
  });

  test('nothing of it is left on the machine', () => {
    const left = readdirSync('/sys/class/net').filter((name) => /^(bridge0|port\d)$/.test(name));
    assert.deepEqual(left, []);
  });
});
