/** docs/troubleshooting.md has every sentence that the source has, and a sentence for every code that programs match on. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import ts from 'typescript';
import { errorSentences } from '../../../scripts/error-sentences.ts';
import { target, troubleshootingReference } from '../../../scripts/troubleshooting-reference.ts';
import { refusalReasons } from '../../../src/commands/command.ts';
import { errorReasons } from '../../../src/nodes/api/errors.ts';
import { filesBelow, parse, read } from '../../house/source.ts';

const sentences = errorSentences();
const codes = new Set(sentences.map(({ code }) => code));

/** The words of a union of literals, as the source has it. */
function unionIn(path: string, name: string): string[] {
  const declaration = parse(path, read(path)).tree.statements.find((node) => ts.isTypeAliasDeclaration(node) && node.name.text === name);
  assert(declaration !== undefined && ts.isTypeAliasDeclaration(declaration), `${path} has no type ${name}`);
  return [...declaration.type.getText().matchAll(/'([a-z-]+)'/g)].map(([, word]) => word as string);
}

describe('docs/troubleshooting.md', () => {
  test('is current', () => {
    assert.equal(
      readFileSync(target, 'utf8'),
      troubleshootingReference(),
      'docs/troubleshooting.md is older than the source: run npm run documents',
    );
  });

  test('has a sentence for each code of a broken log, of secrets, of TLS, of gossip, and of a listener', () => {
    const listening = unionIn('src/nodes/listen-error.ts', 'Cause').flatMap((cause) =>
      ['dns', 'api', 'metrics', 'gossip'].map((what) => `${what}-${cause}`),
    );
    const expected = [
      ...unionIn('src/events/log.ts', 'LogErrorCode'),
      ...unionIn('src/nodes/configuration/secrets-folder.ts', 'SecretsErrorCode'),
      ...unionIn('src/nodes/api/tls.ts', 'ApiTlsErrorCode'),
      ...unionIn('src/nodes/gossip/gossip-error.ts', 'GossipErrorCode'),
      ...listening,
      'zones-inconsistent',
    ];
    assert(expected.length > 25);
    assert.deepEqual(
      expected.filter((code) => !codes.has(code)),
      [],
    );
  });

  test('has a sentence for each reason for which a command or a request is refused', () => {
    const reasons = [...refusalReasons, ...errorReasons];
    assert.deepEqual(
      reasons.filter((reason) => !codes.has(reason)),
      [],
    );
  });

  test('has no error that the source makes under a name that nobody looks for', () => {
    const known = new Set([
      'LogError',
      'SecretsError',
      'ApiTlsError',
      'ApiError',
      'ListenError',
      'ConfigurationError',
      'ControlSocketError',
      'GossipError',
      'StateFolderError',
      'IdentityError',
    ]);
    // Of the command line and of the demo: they are told where they happen, to whoever typed. Of a peer: the status tells its newest.
    const elsewhere = new Set([
      'NodeError',
      'SettingsError',
      'DemoError',
      'NoSourceError',
      'BadLineError',
      'CommandFailure',
      'AskAgentError',
      'PeerFailure',
    ]);
    const made = filesBelow('src').flatMap((path) =>
      [...read(path).matchAll(/class (\w+) extends Error\b/g)].map(([, name]) => name as string),
    );
    assert(made.length >= 6);
    assert.deepEqual(
      made.filter((name) => !known.has(name) && !elsewhere.has(name)),
      [],
    );
  });

  test('says of each sentence what to do', () => {
    const without = sentences.filter(({ remedy }) => remedy === '').map(({ code, sentence }) => `${code} ${sentence}`);
    assert.deepEqual(without, []);
  });
});
