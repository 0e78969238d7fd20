/**
 * `${NAME}` and `${NAME:-default}` inside a text that was already read from YAML: what a variable holds is a value and
 * never syntax, so it cannot add keys. `$${` stands for `${` itself. The default also stands in for an empty variable,
 * as in a shell. Nothing is expanded twice.
 */
import { configurationLimits } from './limits.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly text: string;
  /** Whether anything was written that is more than text. */
  readonly expanded: boolean;
  /** Whether the whole text is one reference. */
  readonly whole: boolean;
  /** Whether every part that was filled in came from a variable, rather than from a default in the file. */
  readonly fromEnvironment: boolean;
  /** What cannot be filled in. */
  readonly problems: readonly { readonly message: string; readonly remedy: string }[];
}

const reference = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const inside = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

export function expand(text: string, environment: Environment): Expansion {
  const problems: { message: string; remedy: string }[] = [];
  let references = 0;
  let whole = false;
  let defaults = 0;
  const filled = text.replace(reference, (match: string, content: string | undefined) => {
    if (match === '$${') return '${';
    const [, name, otherwise] = inside.exec(content ?? '') ?? [];
    if (name === undefined) {
      problems.push({
        message: `${match} is no reference to a variable`,
        remedy: `write \${NAME} or \${NAME:-default}, or $\${ for \${ itself`,
      });
      return '';
    }
    references += 1;
    whole ||= match === text;
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value !== undefined && (value !== '' || otherwise === undefined)) return value;
    if (otherwise === undefined) {
      problems.push({ message: `the environment variable ${name} is not set`, remedy: `set it, or write \${${name}:-default}` });
      return '';
    }
    if (otherwise !== '') defaults += 1;
    return otherwise;
  });
  if (references > 0 && filled.length > configurationLimits.expandedCharactersMax) {
    const message = `with its variables filled in, this text is longer than ${configurationLimits.expandedCharactersMax} characters`;
    problems.push({ message, remedy: 'shorten the variable' });
  }
  return { text: filled, expanded: filled !== text || references > 0, whole, fromEnvironment: references > 0 && defaults === 0, problems };
}
