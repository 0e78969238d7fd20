import assert from 'node:assert/strict';
import { dirname, join } from 'node:path/posix';
import { test } from 'node:test';
import type { Command } from 'commander';
import ts from 'typescript';
import { program, withAllBelow } from '../../../src/cli/program.ts';
import { parse, read } from '../../house/source.ts';
import { exampleLines, helpOf } from './example-lines.ts';

const nameOf = (command: Command): string => (command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`);
const commands = withAllBelow(await program());

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
    const root = await program(args);
    for (const command of withAllBelow(root)) command.configureOutput({ writeErr: () => {} });
    await assert.rejects(root.parseAsync(['node', 'opengslb', ...args]), { name: /CommanderError|Error/, exitCode: 1 });
  }
});

test('only the file of the command that is asked for is loaded; all, where all have to be known', async () => {
  const loaded = async (...words: readonly string[]) => (await program(words)).commands.map((command) => command.name());
  const all = await loaded();
  assert(all.length > 10);
  for (const name of all) assert.deepEqual(await loaded(name, '--json'), name === 'completion' ? all : [name]);
  for (const words of [['--help'], ['help', 'status'], ['stauts'], ['constructor'], ['--mode', 'overwatch']])
    assert.deepEqual(await loaded(...words), all, words.join(' '));
  for (const flag of ['-v', '--version']) assert.deepEqual(await loaded(flag), []);
});

/** What is loaded by the files named, before any of them does anything: what they import other than types and on demand. */
function loadedBy(...files: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const left = [...files];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    if (!path.startsWith('src/')) continue;
    for (const statement of parse(path, read(path)).tree.statements) {
      if (!ts.isImportDeclaration(statement) || isOfTypes(statement)) continue;
      const { text } = statement.moduleSpecifier as ts.StringLiteral;
      left.push(text.startsWith('.') ? join(dirname(path), text) : text);
    }
  }
  return seen;
}

function isOfTypes({ importClause }: ts.ImportDeclaration): boolean {
  const bindings = importClause?.namedBindings;
  if (importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  return bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}

test('version loads nothing that speaks to nodes, and status nothing that only a node or a replay needs', () => {
  const version = loadedBy('src/cli/main.ts', 'src/cli/version.ts');
  for (const heavy of ['zod', 'yaml', 'src/nodes/client/client.ts']) assert(!version.has(heavy), `version loads ${heavy}`);
  const status = loadedBy('src/cli/main.ts', 'src/cli/status.ts');
  assert(status.has('zod') && status.has('src/nodes/client/client.ts'), 'what is loaded is not found');
  for (const heavy of ['classic-level', 'fastify', 'pino', 'dns-packet', 'src/events/event.ts', 'src/events/catalogue/configuration.ts'])
    assert(!status.has(heavy), `status loads ${heavy}`);
});
