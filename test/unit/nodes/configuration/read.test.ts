import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configurationLimits } from '../../../../src/nodes/configuration/limits.ts';
import { complaints, complaintsOf, folderWith, newFolder, problemsOf, readIn, readText, valid } from './folder.ts';

const token = 'a token of the right length';
const gossipKey = Buffer.alloc(32, 1).toString('base64');

test('fills in what is left out, and names its file', (t) => {
  const folder = folderWith(t, { 'main.yaml': valid });
  const { configuration, files, warnings } = readIn(folder);
  assert.equal(configuration.dns.default_ttl, 60);
  assert.equal(configuration.domains[0]?.routing_algorithm, 'round-robin');
  assert.deepEqual(configuration.regions[0]?.servers[0], { service: 'app.example.com', address: '192.0.2.1', port: 80, weight: 100 });
  assert.deepEqual(files, [join(folder, 'main.yaml')]);
  assert.deepEqual(warnings, []);
});

test('the mode of the caller goes before the mode of the file', (t) => {
  const folder = folderWith(t, { 'main.yaml': `mode: agent\n${valid}` });
  assert.equal(readIn(folder, { mode: 'overwatch' }).configuration.mode, 'overwatch');
  assert.match(complaints(() => readIn(folder))[0] ?? '', /^1:1 agent: agent mode needs this section/);
});

test('variables reach the configuration as text, numbers and booleans', (t) => {
  const text = `${valid}dns:\n  default_ttl: \${TTL}\nmetrics:\n  enabled: \${METRICS}\n  address: \${HOST}:9091\n`;
  const { configuration } = readText(t, text, { environment: { TTL: '300', METRICS: 'true', HOST: '127.0.0.1' } });
  assert.equal(configuration.dns.default_ttl, 300);
  assert.equal(configuration.metrics.address, '127.0.0.1:9091');
  assert.equal(configuration.metrics.enabled, true);
});

// Each row: a change to the valid configuration, and all that is said about it.
const schemaRows: readonly (readonly [what: string, text: string, said: readonly string[]])[] = [
  ['an unknown key at the top', `${valid}dn:\n  workers: 1\n`, ['8:1 dn: is no known key; did you mean dns?']],
  ['include instead of includes', `${valid}include: [x.yaml]\n`, ['8:1 include: is no known key; did you mean includes?']],
  [
    'an unknown key in a list',
    valid.replace('regions: [eu]', 'regions: [eu], routing_algorith: weighted'),
    ['7:45 domains[0].routing_algorith: is no known key; did you mean routing_algorithm?'],
  ],
  [
    'an unknown key that is near nothing',
    `${valid}logging:\n  colour: blue\n`,
    ['9:3 logging.colour: is no known key; known here: level, format'],
  ],
  [
    'an unknown key in one form of a union',
    `${valid}dns:\n  zones:\n    - name: example.com\n      nameserver: []\n`,
    ['11:7 dns.zones[0].nameserver: is no known key; did you mean nameservers?'],
  ],
  [
    'an unknown key in a record of one type',
    `${valid}dns:\n  zones:\n    - name: example.com\n      records:\n        - { type: MX, targte: mail.example.com }\n`,
    [
      '12:11 dns.zones[0].records[0].target: is missing; expected a whole DNS name such as mail.example.com, "@" for the zone itself, or "." for none',
      '12:23 dns.zones[0].records[0].targte: is no known key; did you mean target?',
    ],
  ],
  [
    'a number as a duration',
    `${valid}log:\n  retention: 30\n`,
    ['9:14 log.retention: expected a duration with its unit: write 30s if seconds are meant'],
  ],
  ['a duration below its least', `${valid}log:\n  retention: 59s\n`, ['9:14 log.retention: expected at least 1m']],
  ['bytes below nothing', `${valid}log:\n  max_bytes: -8GiB\n`, ['9:14 log.max_bytes: expected bytes, such as 1048576 or 512MiB']],
  ['a log that may take less than LevelDB needs', `${valid}log:\n  max_bytes: 63MiB\n`, ['9:14 log.max_bytes: expected at least 64MiB']],
  ['a number in quotes', `${valid}dns:\n  workers: "4"\n`, ['9:12 dns.workers: expected a number; write it without quotes']],
  [
    'a text that is a number',
    valid.replaceAll(': eu', ': 5').replace('[eu]', '["5"]'),
    ['3:11 regions[0].name: expected a text; put it in quotes'],
  ],
  [
    'a text where a list belongs',
    valid.replace('[eu]', 'eu'),
    ['7:39 domains[0].regions: expected a list; write it as a list, each element after a dash'],
  ],
  ['a list where a map belongs', `${valid}dns: []\n`, ['8:1 dns: expected a map of keys']],
  [
    'a wrong choice',
    `${valid}logging: { level: wran }\n`,
    ['8:19 logging.level: expected one of debug, info, warn, error; did you mean warn?'],
  ],
  ['a missing key', valid.replace(', address: 192.0.2.1', ''), ['5:9 regions[0].servers[0].address: is missing; expected a text']],
  [
    'an agent without a gossip key',
    `${valid}agent:\n  identity: { service_token: a token of enough length }\n  backends: [{ service: app.example.com, address: 192.0.2.1, port: 80 }]\n  gossip: { overwatch_nodes: ["192.0.2.53:7946"] }\n`,
    ['11:3 agent.gossip.encryption_key: is missing; expected 32 bytes in base64; make one with: opengslb gossip-key generate'],
  ],
  ['a key without a value', valid.replace(' 192.0.2.1', ''), ['5:37 regions[0].servers[0].address: has no value; expected a text']],
  ['a list that is too short', valid.replace('[eu]', '[]'), ['7:30 domains[0].regions: expected a list of at least 1']],
  ['a number that is too large', `${valid}dns: { workers: 257 }\n`, ['8:17 dns.workers: expected at most 256']],
  ['a number that is not whole', `${valid}dns: { workers: 1.5 }\n`, ['8:17 dns.workers: expected a whole number']],
  [
    'a name as an address',
    valid.replace('192.0.2.1', 'localhost'),
    ['5:46 regions[0].servers[0].address: expected an IP address such as 192.0.2.7 or 2001:db8::7'],
  ],
  [
    'a value that fits no form',
    `${valid}dns:\n  zones: ["a b"]\n`,
    ['9:11 dns.zones[0]: expected a zone name, or {name, nameservers, records}'],
  ],
  [
    'a wrong type of record',
    `${valid}dns:\n  zones: [{ name: example.com, records: [{ type: TXTT }] }]\n`,
    ['9:50 dns.zones[0].records[0].type: expected one of A, AAAA, CNAME, NS, MX, SRV, TXT, CAA, DS; did you mean TXT?'],
  ],
  [
    'a key of another form of record',
    `${valid}dns:\n  zones: [{ name: example.com, records: [{ type: A, address: 192.0.2.1, targte: x }] }]\n`,
    ['9:73 dns.zones[0].records[0].targte: is no known key; known here: name, ttl, type, address'],
  ],
  [
    'a digest that is none',
    `${valid}dns:\n  zones: [{ name: example.com, records: [{ type: DS, name: a, key_tag: 1, algorithm: 13, digest_type: 2, digest: abc }] }]\n`,
    ['9:114 dns.zones[0].records[0].digest: expected 1 to 255 bytes, each as two hexadecimal digits'],
  ],
  [
    'a digest that YAML takes for a number',
    `${valid}dns:\n  zones: [{ name: example.com, records: [{ type: DS, name: a, key_tag: 1, algorithm: 13, digest_type: 5, digest: 1234 }] }]\n`,
    ['9:114 dns.zones[0].records[0].digest: expected hexadecimal digits; quote what looks like a number'],
  ],
  [
    'a misspelled key that chooses the form',
    `${valid}dns:\n  zones: [{ name: example.com, records: [{ tipe: TXT, text: x }] }]\n`,
    [
      '9:42 dns.zones[0].records[0].type: is missing; expected one of A, AAAA, CNAME, NS, MX, SRV, TXT, CAA, DS',
      '9:44 dns.zones[0].records[0].tipe: is no known key; did you mean type?',
    ],
  ],
  [
    'a key that does not fit',
    `${valid}overwatch:\n  agent_tokens:\n    "not a name": "${token}"\n`,
    ['10:5 overwatch.agent_tokens["not a name"]: the key does not fit: expected a DNS name such as app.example.com'],
  ],
  [
    'two problems at once',
    `${valid}dns:\n  workers: -1\n  worker: 1\n`,
    ['9:12 dns.workers: expected at least 0', '10:3 dns.worker: is no known key; did you mean workers?'],
  ],
];

for (const [what, text, said] of schemaRows) {
  test(`says where and what: ${what}`, (t) => assert.deepEqual(complaintsOf(t, text), said));
}

test('rules between fields are said with their places', (t) => {
  assert.deepEqual(complaintsOf(t, valid.replace('[eu]', '[eu, us]')), [
    '7:44 domains[0].regions[1]: there is no region named us; add it under regions:, or use one of eu',
  ]);
  const twice = `${valid}  - { name: APP.example.com., regions: [eu] }\n`;
  assert.deepEqual(complaintsOf(t, twice), [
    '8:13 domains[1].name: there are two domains named app.example.com; the other is at main.yaml:7:13; rename or remove one',
  ]);
});

test('what is allowed and probably not meant is a warning', (t) => {
  const { warnings } = readText(
    t,
    valid.replace('servers:', 'servers: []\n    countries: [DE]\n    continents:').replace(/ {6}- .*\n/, ''),
  );
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /main\.yaml:\d+:13: domains\[0\]\.name: no server here serves app\.example\.com/);
});

test('the message has a line for each problem, and a limit', (t) => {
  const folder = folderWith(t, { 'main.yaml': `${valid}dns: { workers: 257 }\n` });
  assert.throws(
    () => readIn(folder),
    (error) =>
      error instanceof Error &&
      error.message === `the configuration has a problem:\n${folder}/main.yaml:8:17: dns.workers: expected at most 256 (got 257)`,
  );
  const many = Array.from({ length: 2_000 }, (_, index) => `key${index}: 1`).join('\n');
  assert.throws(
    () => readText(t, many),
    (error) => {
      const lines = error instanceof Error ? error.message.split('\n') : [];
      return lines.length === 52 && lines[0] === 'the configuration has 2000 problems:' && lines[51] === 'and 1950 more';
    },
  );
});

test('a problem that was said is not said again as another', (t) => {
  assert.deepEqual(complaintsOf(t, `${valid}dns:\n  listen_address: "\${LISTEN}"\n`), [
    `9:19 dns.listen_address: the environment variable LISTEN is not set; set it, or write \${LISTEN:-default}`,
  ]);
});

test('a message does nothing to a terminal and has a limit, whatever it quotes', (t) => {
  const folder = folderWith(t, { 'main.yaml': valid.replace('[eu]', `["\\e[31m${'x'.repeat(10_000)}"]`) });
  assert.throws(
    () => readIn(folder),
    (error) =>
      error instanceof Error &&
      error.message.includes('\\u{1b}[31m') &&
      error.message.length < 1_500 &&
      !/[^\P{Cc}\n]/u.test(error.message),
  );
});

// --- secrets ---

test('no secret and no variable is ever part of a problem', (t) => {
  const text = `${valid}
api:
  tokens:
    - { name: a, role: admin, kind: human, token: hunter2 }
overwatch:
  agent_tokens: { app.example.com: hunter2 }
  gossip: { encryption_key: hunter2 }
dns:
  listen_address: \${PASSWORD}
`;
  const folder = folderWith(t, { 'main.yaml': text });
  const problems = problemsOf(() => readIn(folder, { environment: { PASSWORD: 'hunter2' } }));
  assert.equal(problems.length, 3);
  assert.ok(!JSON.stringify(problems).includes('hunter2'));
  assert.equal(problems.find(({ path }) => path === 'dns.listen_address')?.value, `"\${PASSWORD}"`);
});

const open = (text: string): string => `${valid}${text}`;
const exposureRows: readonly (readonly [what: string, mode: number, text: string, said: RegExp | undefined])[] = [
  ['no secret, readable by all', 0o644, '', undefined],
  ['no secret, writable by all', 0o602, '', /^1:1 : may be written by every user of this machine; chmod o-w /],
  ['a token, readable by this user', 0o600, 'T', undefined],
  ['a token, readable by the group', 0o640, 'T', undefined],
  ['a token, readable by all', 0o604, 'T', /^10:\d+ api\.tokens\[0\]\.token: is a secret in a file that every user .*; chmod o-r /],
  ['a token from a variable, readable by all', 0o604, 'V', undefined],
  ['a token from a default in the file, readable by all', 0o604, 'D', /^10:\d+ api\.tokens\[0\]\.token: is a secret/],
  ['a header that is a secret, readable by all', 0o604, 'H', /^8:\d+ regions\[1\]\.health_check\.headers\.X-Api-Key: is a secret/],
  ['a header that is none, readable by all', 0o604, 'U', undefined],
];
const exposures: Readonly<Record<string, string>> = {
  '': '',
  T: `api:\n  tokens:\n    - { name: a, role: admin, kind: human, token: "${token}" }\n`,
  V: `api:\n  tokens:\n    - { name: a, role: admin, kind: human, token: "\${TOKEN}" }\n`,
  D: `api:\n  tokens:\n    - { name: a, role: admin, kind: human, token: "\${NONE:-${token}}" }\n`,
  H: 'headers: { X-Api-Key: "abc" }',
  U: 'headers: { User-Agent: "abc" }',
};

for (const [what, mode, which, said] of exposureRows) {
  test(`who may read the file: ${what}`, { skip: process.platform === 'win32' }, (t) => {
    const exposure = exposures[which] ?? '';
    const text = exposure.startsWith('headers')
      ? valid.replace('domains:', `  - name: us\n    health_check:\n      ${exposure}\ndomains:`)
      : open(exposure);
    const folder = folderWith(t, { 'main.yaml': text });
    chmodSync(join(folder, 'main.yaml'), mode);
    const read = () => readIn(folder, { environment: { TOKEN: token } });
    if (said === undefined) read();
    else {
      const all = complaints(read);
      assert.equal(all.length, 1);
      assert.match(all[0] ?? '', said);
    }
  });
}

test('the digest of a secret is not taken for the secret', (t) => {
  const text = `${valid}overwatch:\n  gossip: { encryption_key: "hmac-sha256:${'a'.repeat(64)}" }\n`;
  assert.match(complaintsOf(t, text)[0] ?? '', /^9:29 overwatch\.gossip\.encryption_key: is the digest of a secret/);
  readText(t, `${valid}overwatch:\n  gossip: { encryption_key: "${gossipKey}" }\n`);
});

// --- files ---

test('a file that cannot be read is said to be so', (t) => {
  const folder = newFolder(t);
  assert.deepEqual(
    complaints(() => readIn(folder)),
    ['1:1 : there is no such file; check the path'],
  );
  mkdirSync(join(folder, 'main.yaml'));
  assert.deepEqual(
    complaints(() => readIn(folder)),
    ['1:1 : is a folder; name a YAML file'],
  );
  assert.match(complaints(() => readIn(join(folder, 'no\0where')))[0] ?? '', /cannot be read/);
});

test('a pipe is refused without waiting for somebody to write', { skip: process.platform === 'win32' }, (t) => {
  const folder = newFolder(t);
  execFileSync('mkfifo', [join(folder, 'main.yaml')]);
  assert.deepEqual(
    complaints(() => readIn(folder)),
    ['1:1 : is no ordinary file; name a YAML file'],
  );
});

test('a file that is not UTF-8 is refused, with the line', (t) => {
  const folder = folderWith(t, { 'main.yaml': Buffer.concat([Buffer.from(valid), Buffer.from([0x23, 0xe9, 0x0a])]) });
  assert.deepEqual(
    complaints(() => readIn(folder)),
    ['8:1 : is not UTF-8; save it as UTF-8'],
  );
  readText(t, `\u{feff}${valid}`);
});

test('a file beyond the limit is refused before it is read', (t) => {
  const folder = folderWith(t, { 'main.yaml': Buffer.alloc(configurationLimits.fileBytesMax + 1, '#') });
  assert.deepEqual(
    complaints(() => readIn(folder)),
    ['1:1 : is larger than 16 MiB; split it with includes:'],
  );
});
