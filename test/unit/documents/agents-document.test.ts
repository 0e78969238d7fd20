/** `docs/agents.md`: its configurations can be started with, and every reason for which an agent is rejected is explained. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configurationProblems } from '../../../src/commands/configuration-problems.ts';
import { rejectionReasons } from '../../../src/events/catalogue/agents.ts';
import { configurationOf } from '../../given.ts';

const text = readFileSync(new URL('../../../docs/agents.md', import.meta.url), 'utf8');

test('its configurations fit together', () => {
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
  assert.equal(examples.length, 2);
  const key = Buffer.alloc(32, 1).toString('base64');
  for (const yaml of examples) {
    const filled = yaml.replaceAll(/\$\{\w+_KEY\}/g, key).replaceAll(/\$\{\w+\}/g, 'a token of app, long enough');
    const problems = configurationProblems(configurationOf(parse(filled))).filter(({ severity }) => severity === 'error');
    // Unsigned answers need the sentence that acknowledges them only where DNSSEC is switched off, which is not done here.
    assert.deepEqual(problems, []);
  }
});

test('every reason is explained', () => {
  const table = text.slice(text.indexOf('| reason |'), text.indexOf('## Who decides'));
  const rows = [...table.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \| \S.* \|$/gm)].flatMap(([, names = '']) => names.split(', '));
  const explained = rows.map((name) => name.replaceAll('`', ''));
  assert.deepEqual(explained.sort(), [...rejectionReasons].sort());
});
