/** What the thread of a gossip member is started with. */
import { threadFileBeside } from '../thread-file.ts';

/** `name`: of a module in this folder, without its ending. */
export function threadFile(name: string): URL {
  return threadFileBeside(import.meta.url, name);
}
