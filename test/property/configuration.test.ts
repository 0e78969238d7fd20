/** Reading a configuration never fails in any other way than by saying what is wrong, and where. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { configurationProblems } from '../../src/commands/configuration-problems.ts';
import { configuration as configurationSchema } from '../../src/events/catalogue/configuration.ts';
import { expand } from '../../src/nodes/configuration/environment.ts';
import { nearest } from '../../src/nodes/configuration/nearest.ts';
import { ConfigurationError } from '../../src/nodes/configuration/problem.ts';
import { readConfiguration } from '../../src/nodes/configuration/read.ts';
import { tries } from '../tries.ts';
import { newFolder } from '../unit/nodes/configuration/folder.ts';

const environment = {
  A: 'a',
  B: '',
  C: '*x',
  D: '8',
  OPENGSLB_ADMIN_TOKEN: 'x'.repeat(20),
  OPENGSLB_DEPLOY_TOKEN: 'y'.repeat(20),
  OPENGSLB_CHECK_TOKEN: 'z',
};
const examples = ['minimal', 'overwatch'].map((name) => readFileSync(`config/${name}.yaml`, 'utf8'));

/** Reads a text as the same file again and again. */
function reader(test: TestContext): (content: string | Uint8Array) => ConfigurationError | undefined {
  const path = join(newFolder(test), 'main.yaml');
  return (content) => {
    writeFileSync(path, content, { mode: 0o600 });
    try {
      readConfiguration({ path, environment });
      return undefined;
    } catch (error) {
      if (error instanceof ConfigurationError) return error;
      throw error;
    }
  };
}

/** What YAML is made of, in any order: most of it is no YAML, and what is, is odd. */
const pieces = [
  ...[
    '\n',
    '\n  ',
    '\n    ',
    ' ',
    ': ',
    ':',
    '- ',
    '? ',
    ', ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '|\n',
    '>\n',
    '# ',
    '---\n',
    '...\n',
    '\t',
    '%YAML 1.1\n',
  ],
  ...[
    '&x ',
    '*x',
    '!t ',
    '!!binary ',
    '!!map ',
    '<<: ',
    `\${A}`,
    `\${B:-c}`,
    `\${NONE}`,
    '$${',
    '${',
    '__proto__',
    'constructor',
    '\0',
    '\u{fffe}',
    '\u{2028}',
  ],
  ...[
    'domains',
    'regions',
    'includes',
    'name',
    'servers',
    'dns',
    'zones',
    'records',
    'api',
    'tokens',
    'overwatch',
    'gossip',
    'agent',
    'mode',
  ],
  ...['1', '-1', '1e400', '.nan', 'null', 'true', '30s', 'a.example.com', '192.0.2.1', '*.yaml', 'main.yaml', '**', '/etc/*', '..'],
];
const yamlLike = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...pieces) }, fc.string({ maxLength: 5 })), { maxLength: 40 })
  .map((parts) => parts.join(''));

test('any text that looks like YAML is read, or refused in words', (t) => {
  const read = reader(t);
  fc.assert(
    fc.property(yamlLike, (text) => {
      const error = read(text);
      if (error === undefined) return;
      assert.ok(error.problems.length > 0);
      for (const { line, column, message } of error.problems) assert.ok(line >= 1 && column >= 1 && message.length > 0);
      assert.doesNotMatch(error.message.replaceAll('\n', ''), /\p{Cc}/u);
    }),
    tries(800),
  );
});

test('any bytes are read, or refused in words', (t) => {
  const read = reader(t);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void read(bytes)),
    tries(500),
  );
});

test('an example with any piece of it replaced is read, or refused in words', (t) => {
  const read = reader(t);
  const damaged = fc
    .constantFrom(...examples)
    .chain((text) =>
      fc
        .record({ at: fc.nat(text.length), cut: fc.nat(20), put: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 8 })) })
        .map(({ at, cut, put }) => `${text.slice(0, at)}${put}${text.slice(at + cut)}`),
    );
  fc.assert(
    fc.property(damaged, (text) => void read(text)),
    tries(100),
  );
});

interface Key {
  readonly name: string;
  readonly offset: number;
  readonly line: number;
}

/** The keys of an example that the schema knows: not the names of headers, which may be anything. */
function keysOf(text: string): readonly Key[] {
  const lines = new LineCounter();
  const keys: Key[] = [];
  visit(parseDocument(text, { lineCounter: lines }), {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !key.range) return undefined;
      keys.push({ name: String(key.value), offset: key.range[0], line: lines.linePos(key.range[0]).line });
      return isMap(value) && key.value === 'headers' ? visit.SKIP : undefined;
    },
  });
  return keys;
}

test('every example with a key misspelled names the right key and its line', (t) => {
  const read = reader(t);
  const misspelled = fc
    .constantFrom(...examples)
    .chain((text) => fc.record({ text: fc.constant(text), key: fc.constantFrom(...keysOf(text)), at: fc.nat(), how: fc.nat(2) }));
  fc.assert(
    fc.property(misspelled, ({ text, key, at, how }) => {
      const where = at % key.name.length;
      const wrong = [
        `${key.name.slice(0, where)}x${key.name.slice(where)}`,
        `${key.name.slice(0, where)}${key.name.slice(where + 1)}`,
        `${key.name.slice(0, where)}x${key.name.slice(where + 1)}`,
      ][how] as string;
      fc.pre(wrong.length > 1 && wrong !== key.name);
      const error = read(`${text.slice(0, key.offset)}${wrong}${text.slice(key.offset + key.name.length)}`);
      const problem = error?.problems.find(({ line, path }) => line === key.line && (path === wrong || path.endsWith(`.${wrong}`)));
      assert.equal(problem?.message, 'is no known key', `${wrong} in line ${key.line}`);
      // A key may become as near to another one, as `cert` to `port`; then that one may be named.
      const known = /^did you mean (.*)\?$/.exec(problem.remedy ?? '')?.[1];
      assert.equal(nearest(wrong, [known ?? '', key.name]), known, problem.remedy);
    }),
    tries(100),
  );
});

test('rules between fields take whatever the schema lets through', () => {
  const name = fc.constantFrom('a.example.com', 'example.com', 'b.a.example.com', 'example.net', 'c');
  const owner = fc.constantFrom('@', 'a', 'b.a', '*', '', 'a.example.com.', 'a.example.com', 'x..y', '.');
  const record = fc.oneof(
    fc.record({ type: fc.constantFrom('NS', 'CNAME'), name: owner, target: name }),
    fc.record({ type: fc.constant('A'), name: owner, address: fc.constant('192.0.2.1') }),
    fc.record({ type: fc.constant('TXT'), name: owner, text: fc.string() }),
  );
  const written = fc.record({
    domains: fc.array(fc.record({ name, regions: fc.array(fc.constantFrom('eu', 'us'), { minLength: 1, maxLength: 3 }) }), {
      maxLength: 4,
    }),
    regions: fc.array(
      fc.record({
        name: fc.constantFrom('eu', 'us'),
        servers: fc.array(fc.record({ service: name, address: fc.ipV4() }), { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
    dns: fc.record({
      zones: fc.array(
        fc.record({ name, nameservers: fc.array(fc.record({ name }), { maxLength: 2 }), records: fc.array(record, { maxLength: 6 }) }),
        { maxLength: 3 },
      ),
    }),
  });
  fc.assert(
    fc.property(written, (value) => {
      for (const { path, message } of configurationProblems(configurationSchema.parse(value)))
        assert.ok(path.length > 0 && message.length > 0);
    }),
    tries(500),
  );
});

test('what a variable holds never changes anything but its own value', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (before, value, after) => {
      fc.pre(!/[$]/.test(before + after));
      assert.equal(expand(`${before}\${NAME}${after}`, { NAME: value }).text, `${before}${value}${after}`);
    }),
    tries(100),
  );
});
