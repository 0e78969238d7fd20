/**
 * The comments of the configuration's schema, by path: they are for its readers and for whoever writes a configuration,
 * so they are written once. Reads the source as a tree, because a comment is gone when it runs.
 */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export interface SourceField {
  /** The comment above it, on one line. */
  readonly comment: string;
  /** The shape that it is made of, where that has a name: `duration`, `listenAddress`. */
  readonly shape: string | undefined;
}

/** By path: `domains[].ttl`, `overwatch.agent_tokens.*`. The first of several shapes in a union decides. */
export function schemaComments(file: string | URL): ReadonlyMap<string, SourceField> {
  const tree = ts.createSourceFile('schema.ts', readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const constants = new Map<string, ts.Expression>();
  for (const statement of tree.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (ts.isIdentifier(name) && initializer !== undefined) constants.set(name.text, initializer);
    }
  }
  const fields = new Map<string, SourceField>();

  function visitObject(object: ts.ObjectLiteralExpression, path: string): void {
    for (const property of object.properties) {
      if (ts.isSpreadAssignment(property) && ts.isIdentifier(property.expression)) visit(constants.get(property.expression.text), path);
      const name = property.name?.getText();
      if (name === undefined || !(ts.isPropertyAssignment(property) || ts.isShorthandPropertyAssignment(property))) continue;
      const inner = ts.isPropertyAssignment(property) ? property.initializer : property.name;
      const place = path === '' ? name : `${path}.${name}`;
      const known = fields.get(place);
      const comment = commentOf(property);
      if (known === undefined || (known.comment === '' && comment !== '')) fields.set(place, { comment, shape: shapeOf(inner) });
      visit(inner, place);
    }
  }

  function visit(expression: ts.Node | undefined, path: string): void {
    if (expression === undefined) return;
    if (ts.isIdentifier(expression)) visit(constants.get(expression.text), path);
    else if (ts.isObjectLiteralExpression(expression)) visitObject(expression, path);
    else if (ts.isArrayLiteralExpression(expression)) for (const element of expression.elements) visit(element, path);
    else if (ts.isCallExpression(expression) && ts.isPropertyAccessExpression(expression.expression)) visitCall(expression, path);
  }

  function visitCall(call: ts.CallExpression, path: string): void {
    const { name, expression: before } = call.expression as ts.PropertyAccessExpression;
    const [first, second] = call.arguments;
    if (!(ts.isIdentifier(before) && before.text === 'z')) visit(before, path);
    else if (name.text === 'array') visit(first, `${path}[]`);
    else if (name.text === 'record') visit(second, `${path}.*`);
    else if (name.text === 'discriminatedUnion') visit(second, path);
    else visit(first, path);
  }

  visit(constants.get('configuration'), '');
  return fields;
}

/** The name at the beginning of a chain such as `duration(100).default('1s')`; undefined where the chain begins with `z`. */
function shapeOf(expression: ts.Node): string | undefined {
  if (ts.isIdentifier(expression)) return expression.text === 'z' ? undefined : expression.text;
  if (ts.isCallExpression(expression) || ts.isPropertyAccessExpression(expression)) {
    // A list of shapes is named after what is in it.
    const array =
      ts.isCallExpression(expression) && /^z\s*\.array$/.test(expression.expression.getText()) ? expression.arguments[0] : undefined;
    return shapeOf(array ?? expression.expression);
  }
  return undefined;
}

function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replace(/\s+/g, ' ').trim();
}
