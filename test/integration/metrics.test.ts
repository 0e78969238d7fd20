/** A whole overwatch with its metrics, held against what the test itself asked, saw and set, and against their document. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { encode, type RecordType } from 'dns-packet';
import { pino } from 'pino';
import { type Overwatch, startOverwatch } from '../../src/nodes/overwatch/overwatch.ts';
import { clearingOverride, configurationOf, order, settingOverride } from '../given.ts';

const service = 'app.demo.local';
const [alive, refusing] = ['127.0.0.51', '127.0.0.52'] as const;

/** A web server, and how often it was asked. */
async function startWebServer(): Promise<{ server: Server; port: number; requests: () => number }> {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end('ok');
  }).listen(0, alive);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, requests: () => requests };
}

/** `name{label="value"}` to its number, as they stand in the text. */
function parsed(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('metrics of an overwatch', () => {
  let folder: string;
  let web: Awaited<ReturnType<typeof startWebServer>>;
  let overwatch: Overwatch;
  const url = (path: string) => `http://127.0.0.1:${overwatch.metricsPort}${path}`;
  const scrape = async () => parsed(await (await fetch(url('/metrics'))).text());

  const ask = async (name: string, type: RecordType, flags = 0): Promise<void> => {
    const socket = createSocket('udp4');
    socket.send(encode({ type: 'query', id: 7, flags, questions: [{ type, name }] }), overwatch.dnsPort, '127.0.0.1');
    await once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
    socket.close();
  };

  const settings = () =>
    configurationOf({
      overwatch: { data_dir: join(folder, 'data'), identity: { node_id: 'overwatch-1' } },
      dns: { listen_address: '127.0.0.1:0', zones: ['demo.local'] },
      regions: [
        {
          name: 'demo',
          health_check: { type: 'http', path: '/', interval: '1h', timeout: '2s' },
          servers: [alive, refusing].map((address) => ({ service, address, port: web.port })),
        },
      ],
      domains: [{ name: service, regions: ['demo'], answers: 'all', when_all_unhealthy: 'all' }],
      metrics: { enabled: true, address: '127.0.0.1:0' },
    });
  const start = () =>
    startOverwatch({ path: join(folder, 'config.yaml'), configuration: settings(), version: '1.2.3', logger: pino({ level: 'silent' }) });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-metrics-'));
    web = await startWebServer();
    overwatch = await start();
  });
  after(async () => {
    await overwatch.stop('the test is over');
    web.server.closeAllConnections();
    web.server.close();
    await rm(folder, { recursive: true });
  });

  test('checks are counted as they were made', async () => {
    const name = 'opengslb_overwatch_validation_checks_total';
    let seen = await scrape();
    while (!seen.has(`${name}{service="${service}",result="failure"}`) || !seen.has(`${name}{service="${service}",result="success"}`)) {
      seen = await scrape();
    }
    const server = (address: string, result: string) =>
      seen.get(`opengslb_health_check_results_total{region="demo",server="${address}:${web.port}",result="${result}"}`);
    assert.equal(web.requests(), 1);
    assert.equal(seen.get(`${name}{service="${service}",result="success"}`), web.requests());
    assert.deepEqual([server(alive, 'success'), server(alive, 'failure')], [1, undefined]);
    assert.deepEqual([server(refusing, 'success'), server(refusing, 'failure')], [undefined, 1]);
    assert.equal(seen.get(`opengslb_overwatch_validation_latency_seconds_count{service="${service}"}`), 2);
    assert.equal(seen.get('opengslb_health_check_duration_seconds_count{region="demo"}'), 2);
    const took = seen.get(`opengslb_overwatch_validation_latency_seconds_sum{service="${service}"}`) as number;
    assert(took > 0 && took < 4, `seconds: ${took}`);
    assert.equal(seen.get('opengslb_log_events_total{type="validation.recorded"}'), 2);
  });

  test('servers are what DNS takes them for', async () => {
    const seen = await scrape();
    const tier = (name: string) => seen.get(`opengslb_service_candidates{service="${service}",tier="${name}"}`);
    assert.deepEqual([tier('fit'), tier('last-resort'), tier('out')], [1, 1, 0]);
    assert.equal(seen.get('opengslb_overwatch_backends_total'), 2);
    assert.equal(seen.get('opengslb_overwatch_backends_healthy'), 1);
    assert.equal(seen.get('opengslb_overwatch_backends_by_authority{authority="validation"}'), 2);
    assert.equal(seen.get('opengslb_overwatch_backends_by_authority{authority="agent-drain"}'), 0, 'each authority has a number');
    assert.equal(seen.get('opengslb_healthy_servers{region="demo"}'), 1);
    assert.equal(seen.get('opengslb_configured_servers'), 2);
    assert.equal(seen.get('opengslb_configured_domains'), 1);
    assert.equal(seen.get('opengslb_app_info{version="1.2.3",node="overwatch-1"}'), 1);
  });

  test('queries are counted as they were asked, and names of clients are no labels', async () => {
    const asked: Record<string, number> = {
      [`domain="${service}",type="A",status="NOERROR"`]: 7,
      [`domain="${service}",type="AAAA",status="NOERROR"`]: 2,
      'domain="other",type="A",status="NXDOMAIN"': 5,
      'domain="other",type="A",status="REFUSED"': 3,
    };
    for (let turn = 0; turn < 7; turn += 1) await ask(turn % 2 === 0 ? service : 'APP.Demo.Local', 'A');
    for (let turn = 0; turn < 2; turn += 1) await ask(service, 'AAAA');
    for (let turn = 0; turn < 5; turn += 1) await ask(`guess-${turn}.demo.local`, 'A');
    for (let turn = 0; turn < 3; turn += 1) await ask(`elsewhere-${turn}.example`, 'A');
    const seen = await scrape();
    const counted = [...seen].filter(([name]) => name.startsWith('opengslb_dns_queries_total'));
    assert.deepEqual(Object.fromEntries(counted.map(([name, count]) => [name.slice(27, -1), count])), asked);
    assert.equal(seen.get('opengslb_dns_refused_total'), 3);
    const durations = [...seen].filter(([name]) => name.startsWith('opengslb_dns_query_duration_seconds_count'));
    assert.equal(
      durations.reduce((sum, [, count]) => sum + count, 0),
      17,
      'every query is measured',
    );
    const decided = `opengslb_routing_decisions_total{domain="${service}",algorithm="round-robin",server=`;
    assert.equal(seen.get(`${decided}"${alive}"}`), 7);
    assert.equal(seen.get(`${decided}"${refusing}"}`), undefined);
  });

  test('what got no answer is counted by why', async () => {
    const socket = createSocket('udp4');
    socket.send(Buffer.from([1, 2, 3]), overwatch.dnsPort, '127.0.0.1');
    socket.send(encode({ type: 'response', id: 7 }), overwatch.dnsPort, '127.0.0.1');
    const dropped = (seen: ReadonlyMap<string, number>, reason: string) =>
      seen.get(`opengslb_dns_dropped_total{transport="udp",reason="${reason}"}`);
    let seen = await scrape();
    while (dropped(seen, 'short') === undefined || dropped(seen, 'response') === undefined) seen = await scrape();
    socket.close();
    assert.deepEqual([dropped(seen, 'short'), dropped(seen, 'response')], [1, 1]);
  });

  test('overrides are counted while they stand, and each change once', async () => {
    const set = settingOverride(alive, 'drain', { service, force: true });
    await overwatch.engine.execute(order(set));
    let seen = await scrape();
    assert.equal(seen.get('opengslb_overwatch_overrides_active'), 1);
    assert.equal(seen.get('opengslb_overwatch_overrides_by_authority{authority="human"}'), 1);
    assert.equal(seen.get(`opengslb_overrides_active{service="${service}"}`), 1);
    assert.equal(seen.get('opengslb_overwatch_backends_by_authority{authority="human-override"}'), 1, 'judged anew');
    await overwatch.engine.execute(order(clearingOverride(alive, { service })));
    seen = await scrape();
    assert.equal(seen.get('opengslb_overwatch_overrides_active'), 0);
    const changes = (action: string) => seen.get(`opengslb_overrides_changes_total{service="${service}",action="${action}"}`);
    assert.deepEqual([changes('drain'), changes('clear'), changes('expire')], [1, 1, undefined]);
  });

  test('the log is where the engine says that it is', async () => {
    const seen = await scrape();
    const { position } = overwatch.engine.state;
    assert.equal(seen.get('opengslb_log_position'), position);
    assert.equal(seen.get('opengslb_log_synced_position'), position);
    assert.equal(seen.get('opengslb_log_unsynced_events'), 0);
  });

  test('docs/metrics.md names what is exposed, with its type and labels, and nothing else', async () => {
    const text = await (await fetch(url('/metrics'))).text();
    const exposed = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]));
    const [document = ''] = (await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8')).split('\n## On an agent\n');
    const rows = [...document.matchAll(/^\| `(\S+)` \| (\w+) \| ([\w, ]*?) ?\| \S.* \|$/gm)];
    const described = new Map(rows.map(([, name = '', type]) => [name, type]));
    const ours = [...exposed].filter(([name]) => !/^(process|nodejs)_/.test(name));
    assert.deepEqual(described, new Map([...ours].sort(([a], [b]) => rank(a) - rank(b))));
    function rank(name: string): number {
      return [...described.keys()].indexOf(name);
    }
    const labels = new Map(rows.map(([, name = '', , names = '']) => [name, names.split(', ').filter(Boolean)]));
    for (const series of parsed(text).keys()) {
      const [, name = '', inner = ''] = /^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})?$/.exec(series) ?? [];
      if (!labels.has(name)) continue;
      const names = [...inner.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
      assert.deepEqual(names, labels.get(name), series);
    }
    assert(rows.length > 20 && exposed.has('process_cpu_seconds_total') && exposed.has('nodejs_eventloop_lag_seconds'));
  });

  test('/health says OK, and there is nothing else', async () => {
    const answers = await Promise.all(['/health', '/', '/metrics/x'].map((path) => fetch(url(path))));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 404],
    );
    assert.equal(await answers[0]?.text(), 'OK');
    assert.equal((await fetch(url('/metrics'), { method: 'POST' })).status, 405);
    assert.match((await fetch(url('/metrics?x=1'))).headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  });

  test('a peer that says nothing does not keep the overwatch from stopping; a port that is taken is a sentence', async () => {
    const taken = { ...settings(), metrics: { enabled: true, address: `127.0.0.1:${overwatch.metricsPort}` } };
    const second = { ...taken, overwatch: { ...taken.overwatch, data_dir: join(folder, 'second') } };
    const options = { path: '', configuration: second, version: '1.2.3', logger: pino({ level: 'silent' }) };
    await assert.rejects(startOverwatch(options), {
      name: 'ListenError',
      code: 'metrics-address-in-use',
      message: /^the metrics listener cannot listen on 127\.0\.0\.1:\d+: another program listens there$/,
      remedy: /^stop it/,
    });
    const silent = connect(overwatch.metricsPort as number, '127.0.0.1');
    await once(silent, 'connect');
    await overwatch.stop('the test stops it');
    silent.destroy();
    overwatch = await start();
  });
});
