/** The files that the house rules look at, parsed once. A rule is a function from parsed files to complaints. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface Import {
  /** As it is written: `./log.ts`, `node:crypto`, `zod`. */
  readonly specifier: string;
  /** What is used of it: imported by name, or a member of `namespace`. Undefined where that does not show (`import x`, `export *`). */
  readonly names: readonly string[] | undefined;
  /** `x` in `import * as x`. */
  readonly namespace: string | undefined;
  readonly line: number;
}

export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** `path:line: sentence`. */
export type Complaint = string;
export type Rule = (sources: readonly Source[]) => readonly Complaint[];

export function lineOf(source: Pick<Source, 'tree'>, node: ts.Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
}

/** Calls `visit` for every node of the file, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** The members that a namespace is asked for; undefined where it is used as a whole. */
function membersUsed(tree: ts.SourceFile, namespace: ts.Identifier): readonly string[] | undefined {
  const members: string[] = [];
  let isWhole = false;
  walk(tree, (node) => {
    if (!ts.isIdentifier(node) || node.text !== namespace.text || node === namespace) return;
    const { parent } = node;
    if (ts.isPropertyAccessExpression(parent)) members.push(...(parent.expression === node ? [parent.name.text] : []));
    else if (ts.isQualifiedName(parent)) members.push(...(parent.left === node ? [parent.right.text] : []));
    else isWhole = true;
  });
  return isWhole ? undefined : members;
}

function used(tree: ts.SourceFile, clause: ts.ImportClause | undefined): Pick<Import, 'names' | 'namespace'> {
  const bindings = clause?.namedBindings;
  if (clause?.name !== undefined || bindings === undefined) return { names: undefined, namespace: undefined };
  if (ts.isNamespaceImport(bindings)) return { names: membersUsed(tree, bindings.name), namespace: bindings.name.text };
  return { names: bindings.elements.map((element) => (element.propertyName ?? element.name).text), namespace: undefined };
}

/** Static imports, re-exports, imports of types and dynamic imports of a literal. */
function importsOf(tree: ts.SourceFile): readonly Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, use = used(tree, undefined)) => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      found.push({ specifier: specifier.text, line: lineOf({ tree }, node), ...use });
  };
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, used(tree, node.importClause));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node, node.arguments[0]);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal);
  });
  return found;
}

export function parse(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return { path, text, tree, imports: importsOf(tree) };
}

/** Paths of all files below a folder of the repository, but for what is installed or built. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return ['node_modules', 'dist', '.git', 'coverage'].includes(entry.name) ? [] : filesBelow(path);
  });
}

export function read(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}

/** Everything in `src/`, parsed. */
export function sourcesOfProject(): readonly Source[] {
  return filesBelow('src')
    .filter((path) => path.endsWith('.ts'))
    .map((path) => parse(path, read(path)));
}
