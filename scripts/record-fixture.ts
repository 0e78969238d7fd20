/**
 * Records a fixture `replay-fixtures/NAME.*`: plays an incident for real, and writes down the overwatch's whole log, the
 * log of the client and of a witness that asks DNS without a cache, and what these two saw. The last is computed from
 * their log alone, so a replay can be held against something that the overwatch had no part in.
 *
 *     node --import tsx scripts/record-fixture.ts outage|agents [folder]
 *
 * `outage` is what the first demo does. `agents` is told in the steps below.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLevelLog } from '../src/events/level-log.ts';
import { batchLine, eventToLine } from '../src/events/ndjson.ts';
import { systemClock } from '../src/nodes/clock.ts';
import { loopbackCast } from '../src/nodes/demo/agents/cast.ts';
import { type AgentStage, chooseAgentPorts, openAgentStage } from '../src/nodes/demo/agents/stage.ts';
import { runSteps, type Watched } from '../src/nodes/demo/run-steps.ts';
import { failures, type Step, served, warmUp } from '../src/nodes/demo/scenario.ts';
import { whatWasSeen } from '../src/nodes/demo/sightings.ts';
import { openStage, type Stage } from '../src/nodes/demo/stage.ts';

type Played = Watched & Pick<Stage, 'client' | 'dataFolder' | 'stopOverwatch' | 'close'>;

const clock = systemClock();
const { signal } = new AbortController();
const program = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const [incident = '', folder = fileURLToPath(new URL('../replay-fixtures', import.meta.url))] = process.argv.slice(2);

/**
 *     deed                                                       DNS answers, and these serve
 *     the client begins to ask                                   web1, web2, web3
 *     web3 is drained on its host                                web1, web2
 *     the drain ends                                             web1, web2, web3
 *     web1 is killed, and its agent still says that it is well   web2, web3: the checks have a veto
 *     web1 is started again                                      web1, web2, web3
 *     the host of web2 dies: web server and agent                web1, web3
 *     the web server is back, and its agent is silent            web1, web2, web3: the checks bring it back
 */
function stepsWithAgents(): readonly Step<AgentStage>[] {
  const { webs } = loopbackCast;
  const [web1, web2, web3] = webs;
  const dies = async (stage: AgentStage) => void (await Promise.all([stage.killWeb(web2), stage.killAgent(web2)]));
  return [
    served(webs, { name: 'warm-up', deed: 'the client begins to ask', act: async ({ client }) => client.start() }),
    served([web1, web2], { name: 'drain', deed: 'web3 is drained', act: (stage) => stage.drain(web3, 'a new kernel') }),
    served(webs, { name: 'end', deed: 'the drain ends', act: (stage) => stage.endDrain(web3) }),
    served([web2, web3], { name: 'veto', deed: 'web1 is killed, and its agent trusts it', act: (stage) => stage.killWeb(web1) }),
    served(webs, { name: 'return', deed: 'web1 is started again', act: (stage) => stage.startWeb(web1) }),
    served([web1, web3], { name: 'die', deed: 'the host of web2 dies', act: dies }),
    served(webs, { name: 'silent', deed: 'web2 is back without its agent', act: (stage) => stage.startWeb(web2) }),
  ];
}

async function play<On extends Played>(stage: On, steps: readonly Step<On>[]): Promise<void> {
  try {
    const outcomes = await runSteps(steps, {
      ...{ stage, clock, signal },
      onBegin: ({ deed }) => console.log(deed),
      onEnd: ({ missing }) => console.log(missing ?? 'seen'),
    });
    if (outcomes.some(({ ok }) => !ok)) throw new Error('a step was not seen; nothing is written');
    await stage.client.stop();
    await stage.stopOverwatch();
    await write(stage);
  } finally {
    await stage.close();
  }
}

async function write(stage: Played): Promise<void> {
  const { entries } = stage.log;
  const log = await wholeLog(stage);
  const fixture = { file: `${incident}.ndjson`, sha256: createHash('sha256').update(log).digest('hex') };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, fixture.file), log);
  await writeFile(join(folder, `${incident}.client.ndjson`), asLines(entries.map((entry) => JSON.stringify(entry))));
  await writeFile(join(folder, `${incident}.expected.json`), `${JSON.stringify({ fixture, ...whatWasSeen(entries) }, null, 2)}\n`);
}

async function wholeLog(stage: Played): Promise<string> {
  const log = await openLevelLog({ directory: join(stage.dataFolder, 'log'), createIfMissing: false });
  const lines: string[] = [];
  for await (const batch of log.readStored()) lines.push(...batch.events.map(eventToLine), batchLine(batch));
  await log.close();
  return asLines(lines);
}

function asLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

if (incident === 'outage') await play(await openStage({ program, clock, witness: true, signal }), [warmUp, ...failures]);
else if (incident === 'agents') {
  const ports = await chooseAgentPorts(loopbackCast);
  const stage = await openAgentStage({ program, clock, signal, cast: loopbackCast, ports, patient: [loopbackCast.webs[0].name] });
  await play(stage, stepsWithAgents());
} else throw new Error('say which incident to record: outage or agents');
