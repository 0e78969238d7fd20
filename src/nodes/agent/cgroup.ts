/**
 * Where this process stands in Linux's control groups, from the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`
 * (cgroups(7), proc(5)): the folders of its own group and of those around it, each of which may hold a limit. Pure: it
 * reads no file itself.
 */

export interface GroupFolders {
  readonly version: 1 | 2;
  /** From the group itself to the outermost that can be seen. */
  readonly folders: readonly string[];
}

/** Controllers of version 1; version 2 has one tree for all of them. */
export type Controller = 'cpu' | 'cpuacct' | 'memory';

interface Mount {
  /** Which group of the tree stands at the mount point. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/**
 * Undefined where there is no such tree, or it is not mounted.
 *
 *     the controller has            the tree is
 *     a line of its own             version 1's, also where version 2 is mounted beside it without controllers
 *     none, and `0::` is there      version 2's
 *     none                          nowhere
 */
export function groupFolders(controller: Controller, groups: string, mountinfo: string): GroupFolders | undefined {
  const lines = groups.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const own = lines.find((line) => line?.[1]?.split(',').includes(controller));
  const unified = lines.find((line) => line?.[1] === '');
  const path = own?.[2] ?? unified?.[2];
  if (path === undefined) return undefined;
  const isOurs = ({ type, options }: Mount) => (own === undefined ? type === 'cgroup2' : type === 'cgroup' && options.includes(controller));
  const candidates = mountsIn(mountinfo).filter(isOurs);
  const mount = candidates.find(({ root }) => pathBelow(root, path) !== undefined) ?? candidates[0];
  if (mount === undefined) return undefined;
  // Where the group is not below what is mounted, what is mounted is all that this process can see of itself.
  return { version: own === undefined ? 2 : 1, folders: foldersUpTo(mount.point, pathBelow(mount.root, path) ?? '') };
}

function mountsIn(mountinfo: string): readonly Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    const [type, , options] = (after ?? '').split(' ');
    if (root === undefined || point === undefined || type === undefined) return [];
    return [{ root: unescaped(root), point: unescaped(point), type, options: (options ?? '').split(',') }];
  });
}

/** The kernel writes spaces, tabs, newlines and backslashes in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** What is left of `path` below `root`, without slashes around it; undefined where it is elsewhere. */
function pathBelow(root: string, path: string): string | undefined {
  const outer = root.replace(/\/+$/, '');
  if (path !== outer && !path.startsWith(`${outer}/`)) return undefined;
  const rest = path.slice(outer.length).replace(/^\/+|\/+$/g, '');
  return rest.split('/').includes('..') ? undefined : rest;
}

function foldersUpTo(point: string, rest: string): readonly string[] {
  const steps = rest === '' ? [] : rest.split('/');
  return Array.from({ length: steps.length + 1 }, (_, index) => [point, ...steps.slice(0, steps.length - index)].join('/'));
}
