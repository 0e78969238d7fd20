import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { program, withAllBelow } from '../../../src/cli/program.ts';
import { exampleLines, helpOf } from './example-lines.ts';

const nameOf = (command: Command): string => (command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`);
const commands = withAllBelow(program());

test('every command says what it does, in a sentence, and shows an example of itself', () => {
  assert(commands.length > 20);
  for (const command of commands) {
    assert.match(command.description(), /^[A-Z].*\.$/, nameOf(command));
    const lines = exampleLines(command);
    assert(lines.length > 0, `${nameOf(command)} --help shows no example`);
    for (const line of lines) assert.match(line, /^(?:source <\()?opengslb /, line);
    const own = command.parent === null ? 'opengslb' : nameOf(command);
    assert(
      lines.some((line) => line.includes(own)),
      `${own} is not in its own examples: ${lines.join('; ')}`,
    );
  }
});

test('every flag and argument is described', () => {
  for (const command of commands) {
    for (const { flags, description } of command.options) assert.notEqual(description, '', `${nameOf(command)} ${flags}`);
    for (const argument of command.registeredArguments) assert.notEqual(argument.description, '', `${nameOf(command)} ${argument.name()}`);
  }
});

test('whatever speaks to nodes takes the same flags', () => {
  const speaking = commands.filter(({ options }) => options.some(({ long }) => long === '--api'));
  assert(speaking.length >= 12);
  for (const command of speaking) {
    const flags = command.options.map(({ long }) => long);
    for (const flag of ['--context', '--token', '--timeout', '--json']) assert(flags.includes(flag), `${nameOf(command)} lacks ${flag}`);
  }
});

test('the exit codes are told where all of it is', () => {
  assert.match(
    helpOf(commands[0] as Command),
    /Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 not reachable, 4 found a difference/,
  );
});

test('an unknown command or flag ends with an error, at any depth', async () => {
  for (const args of [['nothing-of-that-name'], ['overrides', 'sett'], ['events', 'tail', '--folow']]) {
    const root = program();
    for (const command of withAllBelow(root)) command.configureOutput({ writeErr: () => {} });
    await assert.rejects(root.parseAsync(['node', 'opengslb', ...args]), { name: /CommanderError|Error/, exitCode: 1 });
  }
});
