/**
 * What a worker is started with. What was built is JavaScript and starts as it is; the source needs its loader in each
 * thread anew, because workers do not inherit it.
 */

/** `name`: of a module beside the one whose `import.meta.url` is given, without its ending. */
export function threadFileBeside(moduleUrl: string, name: string): URL {
  if (!moduleUrl.endsWith('.ts')) return new URL(`./${name}.js`, moduleUrl);
  const [loader, source] = [import.meta.resolve('tsx/esm/api'), new URL(`./${name}.ts`, moduleUrl).href];
  const script = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(source)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}
