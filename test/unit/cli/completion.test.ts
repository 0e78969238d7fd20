/** The scripts as shells run them: bash for real, the others where they are installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { completionScript } from '../../../src/cli/completion.ts';
import { program, withAllBelow } from '../../../src/cli/program.ts';

const tree = await program();
const bash = completionScript('bash', tree);

/** What bash offers for the last of these words. */
function offered(...words: readonly string[]): readonly string[] {
  const ask = `${bash}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_opengslb\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', ask, 'bash', 'opengslb', ...words], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}

const cases: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['st'], ['status']],
  [['over'], ['overwatch', 'overrides']],
  [
    ['overrides', ''],
    ['list', 'set', 'clear', '--help'],
  ],
  [
    ['overrides', 'set', 'app.example.com', '192.0.2.7', 'd'],
    ['down', 'drain'],
  ],
  [['overrides', 'set', '--exp'], ['--expires-in']],
  [
    ['events', 'tail', '--type', 'override.'],
    ['override.set', 'override.cleared'],
  ],
  [['events', 'tail', '--service', ''], []],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish', '--help'],
  ],
  [['config', 'va'], ['validate']],
  [['status', '--al'], ['--all']],
];
for (const [words, expected] of cases) {
  test(`bash offers for "opengslb ${words.join(' ')}": ${expected.join(' ') || 'what the shell knows'}`, () =>
    assert.deepEqual(offered(...words), expected));
}

test('every script knows every command and every flag', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const script = completionScript(shell, tree);
    for (const command of withAllBelow(tree)) {
      assert(script.includes(command.name()), `${shell}: ${command.name()}`);
      for (const { long } of command.options) assert(script.includes((long ?? '').slice(2)), `${shell}: ${command.name()} ${long}`);
    }
  }
});

for (const shell of ['zsh', 'fish'] as const) {
  const installed = spawnSync(shell, ['--version']).status === 0;
  test(`${shell} reads its script`, { skip: installed ? false : `${shell} is not installed` }, () => {
    const { status, stderr } = spawnSync(shell, ['-n', '/dev/stdin'], { input: completionScript(shell, tree), encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
}

test('a description with a quote in it cannot end the quoting', async () => {
  const root = await program();
  root.commands[0]?.description("It's this; echo $(id)");
  for (const shell of ['zsh', 'fish'] as const) assert(completionScript(shell, root).includes("It'\\''s this; echo $(id)"), shell);
});
