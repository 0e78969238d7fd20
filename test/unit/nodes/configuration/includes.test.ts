import assert from 'node:assert/strict';
import { chmodSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { configurationLimits } from '../../../../src/nodes/configuration/limits.ts';
import { folderWith, problemsOf, readIn } from './folder.ts';

const region = (name: string, service = `${name}.example.com`): string =>
  `regions:\n  - name: ${name}\n    servers:\n      - { service: ${service}, address: 192.0.2.1 }\n`;
const domain = (name: string): string => `domains:\n  - { name: ${name}.example.com, regions: [${name}] }\n`;
const both = (name: string): string => `${region(name)}${domain(name)}`;

function read(test: TestContext, files: Readonly<Record<string, string>>) {
  const folder = folderWith(test, files);
  const { configuration, files: names, warnings } = readIn(folder);
  return {
    configuration,
    regions: configuration.regions.map(({ name }) => name),
    files: names.map((name) => relative(folder, name)),
    warnings: warnings.map((warning) => warning.replaceAll(`${folder}/`, '')),
  };
}

/** Each problem as `file:line path: message; remedy`. */
function refused(test: TestContext, files: Readonly<Record<string, string>>): readonly string[] {
  const folder = folderWith(test, files);
  return problemsOf(() => readIn(folder)).map(({ file, line, path, message, remedy }) =>
    `${file}:${line} ${path}: ${message}; ${remedy}`.replaceAll(`${folder}/`, ''),
  );
}

test('joins what files add, the main file first, those of a pattern sorted', (t) => {
  const { regions, files } = read(t, {
    'main.yaml': `includes:\n  - z.yaml\n  - more/*.yaml\n${both('main')}`,
    'z.yaml': both('z'),
    'more/b.yaml': both('b'),
    'more/a.yaml': both('a'),
    'more/c.yml': 'not: matched',
  });
  assert.deepEqual(regions, ['main', 'z', 'a', 'b']);
  assert.deepEqual(files, ['main.yaml', 'z.yaml', 'more/a.yaml', 'more/b.yaml']);
});

test('a pattern is relative to the file that holds it', (t) => {
  const { regions } = read(t, {
    'main.yaml': `includes: ["**/first.yaml"]\n${both('main')}`,
    'x/y/first.yaml': `includes: [second.yaml, ../third.yaml]\n${both('first')}`,
    'x/y/second.yaml': both('second'),
    'x/third.yaml': both('third'),
  });
  assert.deepEqual(regions, ['main', 'first', 'second', 'third']);
});

test('every kind of thing that grows can be included', (t) => {
  const token = `"\${A}"`;
  const folder = folderWith(t, {
    'main.yaml': `includes: [more.yaml]\n${both('main')}overwatch:\n  agent_tokens: { main.example.com: ${token} }\n`,
    'more.yaml': `${both('more')}overwatch:\n  agent_tokens: { more.example.com: ${token} }\n  geolocation:\n    custom_mappings: [{ cidr: 10.0.0.0/8, region: main }]\n`,
  });
  const { configuration } = readIn(folder, { environment: { A: 'a token of the right length' } });
  assert.deepEqual(Object.keys(configuration.overwatch.agent_tokens), ['main.example.com', 'more.example.com']);
  assert.equal(configuration.overwatch.geolocation.custom_mappings.length, 1);
});

test('backends of an agent can be included', (t) => {
  const agent = `mode: agent\nagent:\n  identity: { service_token: "${'x'.repeat(16)}" }\n  gossip: { encryption_key: "${Buffer.alloc(32).toString('base64')}", overwatch_nodes: ["192.0.2.9:7946"] }\n`;
  const backends = (port: number) => `  backends: [{ service: app.example.com, address: 192.0.2.1, port: ${port} }]\n`;
  const { configuration } = read(t, {
    'main.yaml': `includes: [more.yaml]\n${agent}${backends(1)}`,
    'more.yaml': `agent:\n${backends(2)}`,
  });
  assert.deepEqual(
    configuration.agent?.backends.map(({ port }) => port),
    [1, 2],
  );
  // Without any of its own, the file's section is filled from the included one.
  assert.equal(
    read(t, { 'main.yaml': `includes: [more.yaml]\n${agent}`, 'more.yaml': `agent:\n${backends(2)}` }).configuration.agent?.backends.length,
    1,
  );
});

test('a file that two others include is read once', (t) => {
  const { regions, files } = read(t, {
    'main.yaml': 'includes: [a.yaml, b.yaml]\n',
    'a.yaml': `includes: [shared.yaml]\n${both('a')}`,
    'b.yaml': `includes: [shared.yaml]\n${both('b')}`,
    'shared.yaml': both('shared'),
  });
  assert.deepEqual(regions, ['a', 'shared', 'b']);
  assert.deepEqual(files, ['main.yaml', 'a.yaml', 'shared.yaml', 'b.yaml']);
});

test('a circle is refused with the way round, also by way of a link', (t) => {
  const files = { 'main.yaml': `includes: [a.yaml]\n${both('main')}`, 'a.yaml': 'includes: [b.yaml]\n', 'b.yaml': 'includes: [a.yaml]\n' };
  const [circle, ...others] = refused(t, files);
  assert.match(circle ?? '', /^b\.yaml:1 includes\[0\]: a\.yaml includes itself: a\.yaml > b\.yaml > a\.yaml; /);
  assert.deepEqual(others, []);

  const folder = folderWith(t, { 'main.yaml': `includes: [link.yaml]\n${both('main')}` });
  symlinkSync(join(folder, 'main.yaml'), join(folder, 'link.yaml'));
  assert.match(problemsOf(() => readIn(folder))[0]?.message ?? '', /includes itself/);
});

test('a pattern that matches its own file is refused', (t) => {
  assert.match(
    refused(t, { 'main.yaml': `includes: ["*.yaml"]\n${both('main')}` })[0] ?? '',
    /a pattern should not match the file that holds it$/,
  );
});

test('nesting has a limit', (t) => {
  const chain = (length: number): Record<string, string> => {
    const files: Record<string, string> = { 'main.yaml': `includes: [f1.yaml]\n${both('main')}` };
    for (let depth = 1; depth <= length; depth += 1)
      files[`f${depth}.yaml`] = depth === length ? both('last') : `includes: [f${depth + 1}.yaml]\n`;
    return files;
  };
  assert.deepEqual(read(t, chain(configurationLimits.includeDepthMax)).regions, ['main', 'last']);
  // A file that was read already is no level more.
  const again = { ...chain(configurationLimits.includeDepthMax), 'f10.yaml': 'includes: [shared.yaml]\n', 'shared.yaml': both('shared') };
  assert.deepEqual(read(t, { ...again, 'main.yaml': `includes: [shared.yaml, f1.yaml]\n${both('main')}` }).regions, ['main', 'shared']);
  assert.deepEqual(refused(t, chain(configurationLimits.includeDepthMax + 1)), [
    'f10.yaml:1 includes[0]: f11.yaml is included more than 10 levels deep; include it from a file further up',
  ]);
});

test('a name without a file is refused, a pattern without one is a warning', (t) => {
  assert.deepEqual(refused(t, { 'main.yaml': `includes:\n  - none.yaml\n${both('main')}` }), [
    'main.yaml:2 includes[0]: there is no such file; it is looked for from the folder of this file on',
  ]);
  assert.deepEqual(read(t, { 'main.yaml': `includes:\n  - none/*.yaml\n${both('main')}` }).warnings, [
    'main.yaml:2:5: includes[0]: there is no such file (got "none/*.yaml"); it is looked for from the folder of this file on',
  ]);
});

for (const [what, includes, message] of [
  ['a text', 'a.yaml', 'includes: expected a list of file names or patterns'],
  ['a number', '[1]', 'includes[0]: expected a file name or a pattern'],
  ['an empty name', '[""]', 'includes[0]: expected a file name or a pattern'],
] as const) {
  test(`includes: refuses ${what}`, (t) => {
    const [problem] = refused(t, { 'main.yaml': `includes: ${includes}\n${both('main')}` });
    assert.ok(problem?.startsWith(`main.yaml:1 ${message}`), problem);
  });
}

test('other keys in an included file belong in the main file, or nowhere', (t) => {
  const more = `${both('more')}dns: { workers: 1 }\nmode: agent\ndomians: []\noverwatch:\n  data_dir: /x\n  agent_token: {}\n  validation: {}\n`;
  const problems = refused(t, { 'main.yaml': `includes: [more.yaml]\n${both('main')}`, 'more.yaml': more });
  const belongs =
    'cannot stand in an included file; move it to the main file; an included one may hold regions, domains, overwatch.agent_tokens, overwatch.geolocation.custom_mappings, agent.backends';
  assert.deepEqual(problems, [
    `more.yaml:7 dns: ${belongs}`,
    `more.yaml:8 mode: ${belongs}`,
    'more.yaml:9 domians: is no known key; did you mean domains?',
    `more.yaml:11 overwatch.data_dir: ${belongs}`,
    'more.yaml:12 overwatch.agent_token: is no known key; did you mean agent_tokens?',
    `more.yaml:13 overwatch.validation: ${belongs}`,
  ]);
});

test('a kind that does not fit is refused where it stands', (t) => {
  assert.deepEqual(refused(t, { 'main.yaml': `includes: [more.yaml]\n${both('main')}`, 'more.yaml': 'regions: {}\noverwatch: []\n' }), [
    'more.yaml:1 regions: expected a list; undefined',
    'more.yaml:2 overwatch: expected a map of keys; undefined',
  ]);
});

test('a problem in an included file names that file and its line', (t) => {
  const more = `\n${both('more').replace('192.0.2.1', 'nowhere')}`;
  assert.deepEqual(refused(t, { 'main.yaml': `includes: [more.yaml]\n${both('main')}`, 'more.yaml': more }), [
    'more.yaml:5 regions[1].servers[0].address: expected an IP address such as 192.0.2.7 or 2001:db8::7; undefined',
  ]);
  assert.match(
    refused(t, { 'main.yaml': 'includes: [more.yaml]\n', 'more.yaml': 'a: [1\n' })[0] ?? '',
    /^more\.yaml:2 : is not valid YAML/,
  );
});

test('the same name in two files is refused with both places', (t) => {
  assert.deepEqual(
    refused(t, { 'main.yaml': `includes: [more.yaml]\n${both('main')}`, 'more.yaml': `\n${region('main', 'main.example.com')}` }),
    [
      'more.yaml:3 regions[1].name: there are two regions named main; the other is at main.yaml:3:11; rename or remove one',
      'more.yaml:5 regions[1].servers[0].address: there are two servers of main.example.com at 192.0.2.1:80; the other is at main.yaml:5:47; remove one',
    ],
  );
  const tokens = 'overwatch:\n  agent_tokens: { main.example.com: "a token of the right length" }\n';
  assert.deepEqual(refused(t, { 'main.yaml': `includes: [more.yaml]\n${both('main')}${tokens}`, 'more.yaml': `\n${tokens}` }), [
    'more.yaml:3 overwatch.agent_tokens["main.example.com"]: is written twice; the other is at main.yaml:9:19; keep one',
  ]);
});

test('who may read or write is asked of every file', { skip: process.platform === 'win32' }, (t) => {
  const tokens = 'overwatch:\n  agent_tokens: { main.example.com: "a token of the right length" }\n';
  const folder = folderWith(t, { 'main.yaml': `includes: [a.yaml, b.yaml]\n${both('main')}`, 'a.yaml': both('a'), 'b.yaml': tokens });
  readIn(folder);
  chmodSync(join(folder, 'a.yaml'), 0o666);
  chmodSync(join(folder, 'b.yaml'), 0o644);
  assert.deepEqual(
    problemsOf(() => readIn(folder)).map(({ file, line, message }) => `${relative(folder, file)}:${line} ${message}`),
    ['a.yaml:1 may be written by every user of this machine', 'b.yaml:2 is a secret in a file that every user of this machine may read'],
  );
});
