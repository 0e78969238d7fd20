import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CommandFailure, tellFailure } from '../../../src/cli/failure.ts';
import { NodeError } from '../../../src/nodes/client/node-error.ts';
import { SettingsError } from '../../../src/nodes/client/settings-error.ts';
import { ConfigurationError } from '../../../src/nodes/configuration/problem.ts';

/** The exit code, and what was said on stderr. */
function told(test: TestContext, error: unknown): { readonly code: number; readonly text: string } {
  const write = test.mock.method(process.stderr, 'write', () => true);
  const code = tellFailure(error);
  const text = write.mock.calls.map(({ arguments: [written] }) => String(written)).join('');
  write.mock.restore();
  return { code, text };
}

const url = 'http://192.0.2.7:8080';
const place = { file: 'f.yaml', line: 3, column: 1, path: 'dns', message: 'is wrong' };

const cases: readonly (readonly [name: string, error: unknown, code: number])[] = [
  ['a node that refuses', new NodeError('refused', url, 'no such service', 'list them'), 1],
  ['a node that cannot be reached', new NodeError('unreachable', url, 'nothing listens', 'start it'), 3],
  ['something that is no node', new NodeError('not-a-node', url, 'it is a printer', 'check the URL'), 3],
  ['a flag that says nothing', new SettingsError('no time', 'write 5s'), 2],
  ['a file that is wrong', new ConfigurationError([place]), 1],
  ['a command that says so itself', new CommandFailure('they differ', 4, 'look at both'), 4],
  ['the operating system', Object.assign(new Error('EACCES: no'), { code: 'EACCES', syscall: 'open' }), 1],
];
for (const [name, error, code] of cases) {
  test(`${name} ends with ${code}, a sentence and no stack`, (context) => {
    const { code: exitCode, text } = told(context, error);
    assert.equal(exitCode, code);
    assert(text.includes((error as Error).message), text);
    assert.doesNotMatch(text, /\n\s+at /);
    const { remedy } = error as { readonly remedy?: string };
    if (remedy !== undefined) assert(text.includes(`what to do: ${remedy}`), text);
  });
}

test('a fault of the program ends with 1 and its stack', (context) => {
  const { code, text } = told(context, new TypeError('undefined is not a function'));
  assert.equal(code, 1);
  assert.match(text, /\n\s+at /);
});

test("a refusal's remedy speaks of commands where there is one, else it is the node's own", (context) => {
  const refused = (reason: string) => told(context, new NodeError('refused', url, 'no', "the node's own", reason)).text;
  for (const [reason, remedy] of [
    ['token-missing', /OPENGSLB_TOKEN/],
    ['unknown-service', /"opengslb status"/],
    ['would-empty-service', /--force and --reason/],
    ['outranked', /the node's own/],
    ['a-newer-reason', /the node's own/],
    ['constructor', /the node's own/],
  ] as const) {
    assert.match(refused(reason), remedy, reason);
  }
});
