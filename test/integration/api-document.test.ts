/** `docs/api.md` against a running API: every example is run by curl and answered as it says, every route and reason is in it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { errorReasons } from '../../src/nodes/api/errors.ts';
import { configurationOf } from '../given.ts';
import { bearer, runApi } from './running-api.ts';

const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code = '']) => ({ language, code }));
const configuration = configurationOf(parse(blocks.find(({ language }) => language === 'yaml')?.code ?? ''));
const { tokens } = configuration.api;
const [variables, ...commands] = blocks.filter(({ language }) => language === 'sh').map(({ code }) => code);
const answers = blocks.filter(({ language }) => language === 'json').map(({ code }) => code);

it('every example is answered as it says, one after the other', async (test) => {
  const { port } = await runApi(test, { configuration, tokens });
  assert.deepEqual([commands.length, commands.length > 8], [answers.length, true]);
  for (const [index, command] of commands.entries()) {
    const script = `${variables?.replace(':8080', `:${port}`)}\n${command}`;
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { env: { PATH: process.env.PATH } });
    assert.deepEqual(JSON.parse(stdout), JSON.parse(answers[index] ?? ''), command);
  }
});

it('every route is there, with the role that it needs', async (test) => {
  const { ask } = await runApi(test, { configuration, tokens });
  const headers = bearer(tokens[0]?.token ?? '');
  type Paths = Record<string, Record<string, { readonly 'x-role'?: string }>>;
  const { paths } = (await ask<{ paths: Paths }>('GET', '/openapi.json', { headers })).body;
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { 'x-role': role = 'open' }]) => `${method.toUpperCase()} ${path.replace('/api/v1', '')} ${role}`,
    ),
  );
  const written = [...text.matchAll(/^\| `([A-Z]+ \/\S+)` \| (\w+) \|/gm)].map(([, route, role]) => `${route} ${role}`);
  assert.deepEqual(written.sort(), routes.sort());
});

it('every reason is there', () => {
  const written = [...text.matchAll(/^\| `([a-z-]+)` \| \d{3} \|/gm)].map(([, reason]) => reason);
  assert.deepEqual(written.sort(), [...errorReasons].sort());
});
