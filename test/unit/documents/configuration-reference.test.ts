/** docs/configuration.md says what the schema says, about every setting, and its notes are about settings that there are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { laterSettings, ownSettings, tuningNotes } from '../../../scripts/configuration-notes.ts';
import { configurationReference, noteKeyOf, settingsOf, target } from '../../../scripts/configuration-reference.ts';
import { schemaComments } from '../../../scripts/schema-comments.ts';
import { configuration, healthCheck } from '../../../src/events/catalogue/configuration.ts';
import { readAtStart } from '../../../src/nodes/configuration/read-at-start.ts';

const source = new URL('../../../src/events/catalogue/configuration.ts', import.meta.url);
const comments = schemaComments(source);
const settings = [...settingsOf(configuration, comments), ...settingsOf(healthCheck, comments)];
const paths = [
  ...settingsOf(configuration, comments).map(({ path }) => path),
  ...settingsOf(healthCheck, comments).map(({ path }) => `health_check.${path}`),
];

describe('docs/configuration.md', () => {
  test('is current', () => {
    assert.equal(
      readFileSync(target, 'utf8'),
      configurationReference(),
      'docs/configuration.md is older than the schema: run node --import tsx scripts/configuration-reference.ts',
    );
  });

  test('has every setting that a configuration can have', () => {
    const text = readFileSync(target, 'utf8');
    // zod's own description of the schema, walked apart from ours.
    const named = namesIn(z.toJSONSchema(configuration, { io: 'input', unrepresentable: 'any' }));
    assert(named.size > 80);
    assert.deepEqual(
      [...named].filter((name) => !new RegExp(`^\\| \`(?:[^\`]*\\.)?${name}\` `, 'm').test(text)),
      [],
    );
  });

  test('says what each section and list is', () => {
    assert(settings.length > 100);
    assert.deepEqual(
      settings.filter(({ type, path, sentence }) => sentence === '' && /section/.test(type) && !/\]\./.test(path)).map(({ path }) => path),
      [],
    );
  });

  test('has notes only about settings that there are', () => {
    const beginnings = [...ownSettings, ...laterSettings];
    const gone = beginnings.filter((beginning) => !paths.some((path) => path === beginning || path.startsWith(`${beginning}.`)));
    assert.deepEqual(gone, []);
    const used = new Set(paths.map(noteKeyOf));
    assert.deepEqual(
      Object.keys(tuningNotes).filter((key) => !used.has(key)),
      [],
    );
  });

  test('names what counts from the next start on, as a reload does', () => {
    const [, overwatch = '', agent = ''] =
      /the\s+reload\s+says\s+so:\s+on\s+an\s+overwatch\s+(.*?);\s+on\s+an\s+agent\s+(.*?)\.\n/s.exec(readFileSync(target, 'utf8')) ?? [];
    const told = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, path]) => path);
    assert.deepEqual({ overwatch: told(overwatch), agent: told(agent) }, readAtStart);
  });

  test('asks the schema for types, defaults and ranges', () => {
    const of = (path: string) => settings.find((setting) => setting.path === path);
    const pick = (path: string) => [of(path)?.type, of(path)?.byDefault, of(path)?.range, of(path)?.isNeeded];
    assert.deepEqual(pick('overwatch.validation.check_interval'), ['duration', '30s', 'from 100ms', false]);
    assert.deepEqual(pick('dns.default_ttl'), ['whole number', '60', 'from 0 to 604800', false]);
    assert.deepEqual(pick('dns.query_log.sample'), ['number', '0.01', 'above 0 to 1', false]);
    assert.deepEqual(pick('domains[].regions'), ['list of texts', undefined, '', true]);
    assert.deepEqual(pick('dns.zones[].records[].target'), ['DNS name', undefined, '', true]);
    assert.deepEqual(of('dns.zones[].records[].target')?.kinds, ['CNAME', 'NS', 'MX', 'SRV']);
    assert.deepEqual(pick('log.max_bytes'), ['bytes', '8GiB', 'from 64MiB', false]);
  });
});

/** Every key of every object below a JSON schema. */
function namesIn(schema: unknown, names = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return names;
  const { properties, default: _, ...rest } = schema as Readonly<Record<string, unknown>>;
  for (const [name, inner] of Object.entries((properties ?? {}) as object)) namesIn(inner, names.add(name));
  for (const inner of Object.values(rest)) namesIn(inner, names);
  return names;
}
