/** Which methods each path takes, so that a wrong method can be told from a wrong path. */

export interface RoutePaths {
  /** A route as it was registered, with `:name` where a part of the path varies. */
  add(pattern: string, methods: string | readonly string[]): void;
  /** The methods of the routes that a requested path fits; none where there is no such path. */
  methodsOf(url: string): readonly string[];
}

export function createRoutePaths(): RoutePaths {
  const methodsByPattern = new Map<string, Set<string>>();
  return {
    add(pattern, methods) {
      const known = methodsByPattern.get(pattern) ?? new Set();
      for (const method of [methods].flat()) known.add(method);
      methodsByPattern.set(pattern, known);
    },
    methodsOf(url) {
      const path = url.replace(/[?#].*$/s, '').split('/');
      const fitting = [...methodsByPattern].filter(([pattern]) => fits(pattern.split('/'), path));
      return [...new Set(fitting.flatMap(([, methods]) => [...methods]))].sort();
    },
  };
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.length !== path.length) return false;
  return pattern.every((part, index) => (part.startsWith(':') ? path[index] !== '' : part === path[index]));
}
