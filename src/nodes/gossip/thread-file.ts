/**
 * What a worker is started with. What was built is JavaScript and starts as it is; the source needs its loader in each
 * thread anew, because workers do not inherit it.
 */

/** `name`: of a module in this folder, without its ending. */
export function threadFile(name: string): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL(`./${name}.js`, import.meta.url);
  const [loader, source] = [import.meta.resolve('tsx/esm/api'), new URL(`./${name}.ts`, import.meta.url).href];
  const script = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(source)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}
