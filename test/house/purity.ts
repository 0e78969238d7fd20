/**
 * The pure rooms: events, projections, commands, the gossip rules and every wire format. No clock, no timers, no
 * chance, no I/O, and no arithmetic or comparison whose last bit or order depends on the engine or the machine.
 */
import ts from 'typescript';
import { type Complaint, lineOf, type Rule, type Source, walk } from './source.ts';

/** What turns the bytes of gossip into messages and back, beside its wire.ts. */
const gossipBytes = /^src\/nodes\/gossip\/(crc32|key-ring|lzw|message-fields|messages|msgpack|rejections|stream-wire|wire-limits)\.ts$/;

/** The parts of identity that neither read a certificate's dates nor sign. */
const pureIdentity = /^src\/nodes\/identity\/(agent-messages|agent-wire|high-water|limits|message-outline|rejections|wire-fields)\.ts$/;

/** The rules of membership, but for `timing.ts`, whose logarithms no fold depends on. */
const gossipRules =
  /^src\/nodes\/gossip\/(address|awareness|broadcast-queue|departure|member-rules|member-table|probe|push-pull|relay|spread|suspicion|swim|swim-interface|swim-limits|swim-state|user-messages|versions)\.ts$/;

function isPure(path: string): boolean {
  if (path === 'src/events/level-log.ts' || path === 'src/events/level-witness.ts') return false;
  return (
    gossipBytes.test(path) ||
    /^src\/(events|projections|commands)\//.test(path) ||
    gossipRules.test(path) ||
    path.endsWith('/wire.ts') ||
    pureIdentity.test(path)
  );
}

/** The logs speak of a disk, so they may promise; and so may the parts that they are made of. */
const partsOfLogs = ['src/events/bell.ts', 'src/events/chain.ts'];
const mayPromise = (path: string) => /^src\/events\/[^/]*log[^/]*\.ts$/.test(path) || partsOfLogs.includes(path);

/** What each builtin module may be asked for in a pure file; a module that is not here may not be imported. */
const pureBuiltins: Readonly<Record<string, readonly string[] | 'everything'>> = {
  'node:assert': 'everything',
  'node:assert/strict': 'everything',
  'node:crypto': [
    'createCipheriv',
    'createDecipheriv',
    'createHash',
    'createHmac',
    'createPublicKey',
    'createSecretKey',
    'diffieHellman',
    'hash',
    'hkdfSync',
    'timingSafeEqual',
    'verify',
    'Hash',
    'Hmac',
    'KeyObject',
  ],
  // The same bytes out for the same bytes in; its streams and callbacks are not pure.
  'node:zlib': ['deflateRawSync', 'inflateRawSync'],
};

/** Global names, and why a pure file may not touch them (nor give one of its own such a name, which would mislead). */
const impureGlobals: Readonly<Record<string, string>> = {
  Date: 'it reads the clock; time is an argument',
  performance: 'it reads the clock; time is an argument',
  Temporal: 'it reads the clock; time is an argument',
  setTimeout: 'it starts a timer',
  setInterval: 'it starts a timer',
  setImmediate: 'it starts a timer',
  queueMicrotask: 'it defers work',
  process: 'it is the world outside',
  globalThis: 'it is the world outside',
  global: 'it is the world outside',
  console: 'it logs',
  fetch: 'it does I/O',
  require: 'it does I/O',
  crypto: 'it draws chance; chance is an argument, and hashes come from node:crypto',
  eval: 'nobody can tell what it does',
  Intl: 'its results depend on the machine',
  WeakRef: 'it shows when garbage is collected',
  FinalizationRegistry: 'it shows when garbage is collected',
};

/** Parts of Math whose result is the same on every engine. The others are only approximated, or are chance. */
const exactMath = ['abs', 'ceil', 'clz32', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'trunc'];

/** Methods whose result depends on the machine's language. */
const localeMethods = /^(localeCompare|toLocale\w*)$/;

/** Whether the identifier names a value or type in scope, and not a member, a key or the outer name of an import. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name !== node;
  if (ts.isQualifiedName(parent)) return parent.right !== node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent) || ts.isBindingElement(parent)) return parent.propertyName !== node;
  return !(
    (ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isEnumMember(parent)) &&
    parent.name === node
  );
}

function complaintAboutIdentifier(node: ts.Identifier, { imports }: Source): string | undefined {
  if (!isReference(node)) return undefined;
  // `import * as crypto from 'node:crypto'` is no global: what is asked of it is looked at with the imports.
  if (imports.some(({ specifier, namespace }) => specifier === 'node:crypto' && namespace === node.text)) return undefined;
  const why = Object.hasOwn(impureGlobals, node.text) ? impureGlobals[node.text] : undefined;
  if (why !== undefined) return `${node.text} has no place in a pure file: ${why}`;
  if (node.text !== 'Math') return undefined;
  const member = ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node ? node.parent.name.text : undefined;
  if (member !== undefined && exactMath.includes(member)) return undefined;
  return `Math.${member ?? '*'} is chance or differs between engines; exact are ${exactMath.join(', ')}`;
}

const isPower = (node: ts.Node): node is ts.BinaryExpression =>
  ts.isBinaryExpression(node) &&
  [ts.SyntaxKind.AsteriskAsteriskToken, ts.SyntaxKind.AsteriskAsteriskEqualsToken].includes(node.operatorToken.kind);

function isAsync(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return true;
  if (ts.isIdentifier(node))
    return ['Promise', 'PromiseLike', 'AsyncIterable', 'AsyncGenerator', 'AsyncIterator'].includes(node.text) && isReference(node);
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword);
}

function complaintAboutNode(node: ts.Node, source: Source): string | undefined {
  if (ts.isIdentifier(node)) {
    const complaint = complaintAboutIdentifier(node, source);
    if (complaint !== undefined) return complaint;
  }
  if (isAsync(node) && !mayPromise(source.path)) return 'a pure file does not wait: only the logs may be async';
  if (isPower(node) && !(ts.isNumericLiteral(node.left) && ts.isNumericLiteral(node.right)))
    return '** differs between engines, but for whole literals';
  if (ts.isPropertyAccessExpression(node) && localeMethods.test(node.name.text))
    return `${node.name.text} depends on the machine's language`;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return 'a pure file imports nothing while it runs';
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
    return 'import.meta tells where the file is on this machine';
  return undefined;
}

function complaintsAboutBuiltins({ path, imports }: Source): readonly Complaint[] {
  return imports
    .filter(({ specifier }) => specifier.startsWith('node:'))
    .flatMap(({ specifier, names, line }) => {
      const allowed = Object.hasOwn(pureBuiltins, specifier) ? pureBuiltins[specifier] : undefined;
      if (allowed === 'everything') return [];
      if (allowed === undefined) return [`${path}:${line}: a pure file may not import ${specifier}`];
      if (names === undefined) return [`${path}:${line}: import from ${specifier} by name, so that it shows what is used`];
      return names
        .filter((name) => !allowed.includes(name))
        .map((name) => `${path}:${line}: a pure file may not import ${name} from ${specifier}`);
    });
}

export const pureFilesArePure: Rule = (sources) =>
  sources
    .filter(({ path }) => isPure(path))
    .flatMap((source) => {
      const complaints: Complaint[] = [...complaintsAboutBuiltins(source)];
      walk(source.tree, (node) => {
        const complaint = complaintAboutNode(node, source);
        if (complaint !== undefined) complaints.push(`${source.path}:${lineOf(source, node)}: ${complaint}`);
      });
      return complaints;
    });
