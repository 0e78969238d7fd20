/**
 * What the program says when something goes wrong, collected from its source: each sentence with its code and its remedy,
 * an ellipsis where a value stands. So the document that lists them has all of them, and none that is gone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { type ListeningWhat, listenAddressInvalid, listenError } from '../src/nodes/listen-error.ts';

export interface ErrorSentence {
  readonly kind: 'log' | 'start' | 'configuration' | 'request';
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string;
}

const source = fileURLToPath(new URL('../src/', import.meta.url));

/** Whose constructor takes code, sentence, remedy. */
const errorClasses: Readonly<Record<string, ErrorSentence['kind']>> = {
  LogError: 'log',
  SecretsError: 'start',
  IdentityError: 'start',
  ApiTlsError: 'start',
  ControlSocketError: 'start',
  GossipError: 'start',
  StateFolderError: 'start',
  ApiError: 'request',
};

/** Every sentence once, sorted by code. */
export function errorSentences(): readonly ErrorSentence[] {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(source, path));
  const found = [...files.flatMap(sentencesIn), ...listenSentences()];
  const unique = new Map(found.filter(saysSomething).map((entry) => [`${entry.code} ${entry.sentence}`, entry]));
  return [...unique.values()].sort((a, b) => compare(a.code, b.code) || compare(a.sentence, b.sentence));
}

/** A refusal has its code even where its sentence is another's; elsewhere, what is only handed on was said where it was made. */
const saysSomething = ({ kind, sentence }: ErrorSentence) =>
  kind === 'request' ? sentence !== ellipsis : !/^[… :.]*(?:records\[…\]: …)?$/.test(sentence);

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function sentencesIn(path: string): ErrorSentence[] {
  const place = relative(source, path);
  const tree = ts.createSourceFile(place, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const sentences: ErrorSentence[] = [];
  const visit = (node: ts.Node) => {
    const found = sentenceOf(node, place);
    if (found !== undefined) sentences.push(found);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return sentences;
}

/**
 *     in the source                                           kind
 *     new LogError(code, sentence, remedy), ...               of the class
 *     { refused: code, error: sentence, remedy }              request
 *     [code, sentence, remedy] of what the framework found    request
 *     error(path, sentence, remedy) of a configuration        configuration
 *     { message, remedy }, [message, remedy], complain(..),   configuration, of reading a file
 *     refuse(.., message, remedy)
 *     problems of zones                                       start
 */
function sentenceOf(node: ts.Node, place: string): ErrorSentence | undefined {
  if (ts.isNewExpression(node)) return ofConstructor(node);
  if (ts.isCallExpression(node)) return ofCall(node, place);
  if (ts.isArrayLiteralExpression(node)) return ofList(node, place);
  return ts.isObjectLiteralExpression(node) ? ofObject(node, place) : undefined;
}

function ofConstructor({ expression, arguments: words = ts.factory.createNodeArray() }: ts.NewExpression): ErrorSentence | undefined {
  const kind = errorClasses[expression.getText()];
  return kind === undefined ? undefined : entry(kind, ...(words as unknown as [Part, Part, Part]));
}

function ofCall({ expression, arguments: given }: ts.CallExpression, place: string): ErrorSentence | undefined {
  const name = expression.getText();
  if (/^(error|warning)$/.test(name) && place.startsWith('commands/')) return entry('configuration', undefined, given[1], given[2]);
  if (name === 'complain' && isOfFiles(place)) return entry('configuration', undefined, given[0], given[1]);
  if (name === 'refuse' && isOfFiles(place)) return entry('configuration', undefined, given[2], given[3]);
  if (name === 'attempt' && place === 'nodes/api/tls.ts') return known('start', 'api-tls-invalid', given[1], given[2]);
  if (name === 'notes.problems.push' && place.startsWith('nodes/dns/')) return known('start', 'zones-inconsistent', given[0]);
  return undefined;
}

function ofList({ elements }: ts.ArrayLiteralExpression, place: string): ErrorSentence | undefined {
  const [first, second, third] = elements;
  if (place === 'nodes/api/error-answers.ts' && third !== undefined) return entry('request', first, second, third);
  const isPair =
    isOfFiles(place) && elements.length === 2 && [first, second].every((part) => part !== undefined && words(part).includes(' '));
  return isPair ? entry('configuration', undefined, first, second) : undefined;
}

function ofObject(node: ts.ObjectLiteralExpression, place: string): ErrorSentence | undefined {
  const { refused, error, message, remedy, sentence, problem } = partsOf(node);
  if (refused !== undefined && error !== undefined) return entry('request', refused, error, remedy);
  if (isOfFiles(place) && message !== undefined && remedy !== undefined) return entry('configuration', undefined, message, remedy);
  return place.startsWith('nodes/dns/') ? known('start', 'zones-inconsistent', sentence ?? problem) : undefined;
}

const isOfFiles = (place: string) => place.startsWith('nodes/configuration/');

type Part = ts.Node | undefined;

function partsOf(object: ts.ObjectLiteralExpression): Readonly<Record<string, Part>> {
  return Object.fromEntries(
    object.properties.flatMap((property) => {
      if (ts.isPropertyAssignment(property)) return [[property.name.getText(), property.initializer]];
      return ts.isShorthandPropertyAssignment(property) ? [[property.name.text, property.name]] : [];
    }),
  );
}

function entry(kind: ErrorSentence['kind'], code: Part, sentence: Part, remedy: Part): ErrorSentence | undefined {
  if (sentence === undefined) return undefined;
  const word = code === undefined ? '' : words(code);
  // What is only handed on was said where it was made.
  if (word === ellipsis) return undefined;
  return { kind, code: word, sentence: words(sentence), remedy: remedy === undefined ? '' : words(remedy) };
}

/** With a code that stands elsewhere; a sentence that has its remedy in itself, after a semicolon, is cut there. */
function known(kind: ErrorSentence['kind'], code: string, sentence: Part, remedy?: Part): ErrorSentence | undefined {
  const found = entry(kind, undefined, sentence, remedy);
  if (found === undefined) return undefined;
  const [said = '', ...todo] = found.sentence.split('; ');
  return { ...found, code, sentence: said, remedy: found.remedy === '' ? todo.join('; ') : found.remedy };
}

const ellipsis = '…';

/** The text of an expression, as far as it stands in the source. */
function words(node: ts.Node): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ expression, literal }) => inner(expression) + literal.text).join('');
  if (ts.isConditionalExpression(node)) return alternatives(words(node.whenTrue), words(node.whenFalse));
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return words(node.right);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) return words(node.left) + words(node.right);
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return words(node.expression);
  if (ts.isIdentifier(node)) {
    const known = declared(node);
    return known === undefined ? ellipsis : words(known);
  }
  return ellipsis;
}

/** A value inside a sentence: what it is where that is one fixed text. */
function inner(expression: ts.Expression): string {
  const value = ts.isIdentifier(expression) ? declared(expression) : undefined;
  return value !== undefined && ts.isStringLiteralLike(value) ? value.text : ellipsis;
}

const alternatives = (a: string, b: string) => (a === b || b === ellipsis ? a : a === ellipsis ? b : `${a} / ${b}`);

/** What a constant stands for: of the nearest function around it, or of the file. */
function declared(name: ts.Identifier): ts.Expression | undefined {
  for (let scope: ts.Node | undefined = name.parent; scope !== undefined; scope = scope.parent) {
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue;
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name: own, initializer } of statement.declarationList.declarations) {
        if (ts.isIdentifier(own) && own.text === name.text) return initializer;
      }
    }
  }
  return undefined;
}

/** What the operating system can say to a server that wants to listen; its sentences are put together when it happens. */
const systemCodes = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EOTHER'] as const;

function listenSentences(): ErrorSentence[] {
  const place = { host: ellipsis, port: 53 };
  return (['dns', 'api', 'metrics', 'gossip'] as const satisfies readonly ListeningWhat[]).flatMap((what) => {
    const errors = systemCodes.map((code) => listenError(what, place, Object.assign(new Error(ellipsis), { code })));
    return [...errors, listenAddressInvalid(what, ellipsis)].map(({ code, message, remedy }) => ({
      kind: 'start' as const,
      code,
      sentence: message.replace(`${ellipsis}:53`, ellipsis).replace(`Error: ${ellipsis}`, ellipsis),
      remedy,
    }));
  });
}
