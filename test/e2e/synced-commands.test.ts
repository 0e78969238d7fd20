/**
 * A kill does not show that a sync is missing: the kernel keeps what was written. So the kernel's calls of a real node are written down,
 * and for every command it must have been written, then synced, and only then answered; with one sync each.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  api,
  freePort,
  makeFolder,
  program,
  resolve,
  startOverwatchProcess,
  startWebServer,
  until,
  type WebServer,
} from './overwatch-process.ts';

const noStrace = spawnSync('strace', ['true']).status === 0 ? false : 'strace is not here, or may not trace';
const address = '127.0.9.21';
const commands = 25;
const proof = (index: number) => `sync-proof-${index}.`;

let made: Awaited<ReturnType<typeof makeFolder>>;
let web: WebServer;
before(async () => {
  const port = await freePort(address);
  web = await startWebServer(address, port);
  made = await makeFolder({ addresses: [address], port });
});
after(async () => {
  await web.close();
  await made.remove();
});

/** One call, where it began in the trace and where it had returned. */
interface Call {
  readonly name: string;
  readonly descriptor: string;
  readonly text: string;
  readonly began: number;
  returned: number;
}

/** `-f` writes a call of one thread in two lines where another thread's comes between. */
function callsIn(trace: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  for (const [index, line] of trace.split('\n').entries()) {
    const begin = /^(\d+) +(\w+)\((\d+)(.*)$/.exec(line);
    if (begin !== null) {
      const [, thread = '', name = '', descriptor = '', text = ''] = begin;
      const isOpen = text.endsWith('<unfinished ...>');
      const call = { name, descriptor, text, began: index, returned: isOpen ? Number.POSITIVE_INFINITY : index };
      calls.push(call);
      if (isOpen) open.set(thread, call);
      continue;
    }
    const thread = /^(\d+) +<\.\.\. \w+ resumed>/.exec(line)?.[1];
    const call = thread === undefined ? undefined : open.get(thread);
    if (call === undefined) continue;
    open.delete(thread as string);
    if (/= -/.test(line)) continue;
    call.returned = index;
  }
  return calls;
}

test('every command is written, then synced once, and only then acknowledged', { skip: noStrace, timeout: 90_000 }, async (t) => {
  const trace = join(made.folder, 'trace');
  // As a grandchild the tracer leaves the node to be the child that is started and ended here.
  const traced = ['strace', '-D', '-f', '-s', '8192', '-o', trace, '-e', 'trace=fdatasync,fsync,write,writev', process.execPath, program];
  const node = await startOverwatchProcess(made.configFile, { command: traced });
  try {
    await until('DNS answers', async () => (await resolve(node.dnsPort)) === address || undefined);
    const synced = async () => (await api<{ last: number }>(`${node.apiUrl}/events?from=-1`)).body.last;
    for (let index = 0; index < commands; index++) {
      if (index === commands >> 1) {
        const before = await synced();
        await until('observations are synced with no command among them', async () => (await synced()) >= before + 3 || undefined);
      }
      const set = await api(`${node.apiUrl}/overrides/app.demo.local/${address}`, 'PUT', { action: 'up', reason: proof(index) });
      assert.equal(set.status, 200);
    }
  } finally {
    await node.end('SIGKILL');
  }
  const calls = callsIn(await readFile(trace, 'utf8'));
  const isAnswer = ({ text }: Call) => text.includes('"HTTP/1.1 200 OK');
  const syncs = calls.filter(({ name }) => name === 'fdatasync' || name === 'fsync');
  const isForCommand = new Map<Call, number[]>();
  for (let index = 0; index < commands; index++) {
    const holds = calls.filter(({ text }) => text.includes(proof(index)));
    const answer = holds.find(isAnswer);
    const written = holds.find((call) => !isAnswer(call) && syncs.some(({ descriptor }) => descriptor === call.descriptor));
    assert(written !== undefined, `${proof(index)} was never written to a file that is synced`);
    assert(answer !== undefined, `${proof(index)} was never answered`);
    const between = syncs.filter(
      ({ descriptor, began }) => descriptor === written.descriptor && began > written.returned && began < answer.began,
    );
    assert.equal(between.length, 1, `${proof(index)}: ${between.length} syncs between its writing and its answer`);
    const [sync] = between as [Call];
    assert(sync.returned < answer.began, `${proof(index)} was answered before its sync had returned`);
    isForCommand.set(sync, [...(isForCommand.get(sync) ?? []), index]);
  }
  assert.equal(isForCommand.size, commands, 'each has a sync of its own');

  // Whatever else was synced to the log meanwhile was asked for by the note that says so: the observations of each 50 ms.
  const [first, last] = [[...isForCommand.keys()][0] as Call, [...isForCommand.keys()].at(-1) as Call];
  const meanwhile = syncs.filter(({ began }) => began >= first.began && began <= last.began);
  const notes = calls.filter(({ descriptor, text, began }) => {
    return (
      descriptor === first.descriptor &&
      text.includes('\\377synced') &&
      began < last.began &&
      began > (syncBefore(syncs, first)?.began ?? 0)
    );
  });
  assert.equal(notes.length, meanwhile.length, 'as many syncs as records that ask for one');
  assert(meanwhile.length > commands, 'observations were synced as well');
  t.diagnostic(`${commands} commands, ${meanwhile.length} syncs: ${meanwhile.length - commands} of them of observations alone`);
});

function syncBefore(syncs: readonly Call[], sync: Call): Call | undefined {
  return syncs[syncs.indexOf(sync) - 1];
}
