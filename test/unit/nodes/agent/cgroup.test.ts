import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Controller, groupFolders } from '../../../../src/nodes/agent/cgroup.ts';

const version1Mounts = [
  '23 28 0:21 / /proc rw,nosuid - proc proc rw',
  '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:14 - cgroup cgroup rw,cpu,cpuacct',
  '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
].join('\n');
const version2Mounts = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';

/** Each row: what the two files say, and where the folders are. */
const rows: readonly {
  readonly name: string;
  readonly controller: Controller;
  readonly groups: string;
  readonly mounts: string;
  readonly expected: ReturnType<typeof groupFolders>;
}[] = [
  {
    name: 'version 1, two controllers in one tree',
    controller: 'cpuacct',
    groups: '4:memory:/a\n1:cpu,cpuacct:/system.slice/agent.service\n0::/\n',
    mounts: version1Mounts,
    expected: {
      version: 1,
      folders: [
        '/sys/fs/cgroup/cpu,cpuacct/system.slice/agent.service',
        '/sys/fs/cgroup/cpu,cpuacct/system.slice',
        '/sys/fs/cgroup/cpu,cpuacct',
      ],
    },
  },
  {
    name: 'version 1 beside version 2: the line of the controller decides',
    controller: 'memory',
    groups: '4:memory:/a\n0::/user.slice\n',
    mounts: version1Mounts,
    expected: { version: 1, folders: ['/sys/fs/cgroup/memory/a', '/sys/fs/cgroup/memory'] },
  },
  {
    name: 'version 2',
    controller: 'memory',
    groups: '0::/system.slice/agent.service\n',
    mounts: version2Mounts,
    expected: {
      version: 2,
      folders: ['/sys/fs/cgroup/system.slice/agent.service', '/sys/fs/cgroup/system.slice', '/sys/fs/cgroup'],
    },
  },
  {
    name: 'version 2 in a container with a name space of its own',
    controller: 'cpu',
    groups: '0::/\n',
    mounts: version2Mounts,
    expected: { version: 2, folders: ['/sys/fs/cgroup'] },
  },
  {
    name: 'version 1 in a container that sees only its own group',
    controller: 'memory',
    groups: '4:memory:/docker/abc\n',
    mounts: '35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory',
    expected: { version: 1, folders: ['/sys/fs/cgroup/memory'] },
  },
  {
    name: 'a group below what is mounted',
    controller: 'memory',
    groups: '4:memory:/docker/abc/inner\n',
    mounts: '35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory',
    expected: { version: 1, folders: ['/sys/fs/cgroup/memory/inner', '/sys/fs/cgroup/memory'] },
  },
  {
    name: 'a group outside what is mounted: the mount is all that can be seen',
    controller: 'cpu',
    groups: '0::/../other\n',
    mounts: version2Mounts,
    expected: { version: 2, folders: ['/sys/fs/cgroup'] },
  },
  {
    name: 'of several mounts, the one that holds the group',
    controller: 'cpu',
    groups: '0::/b\n',
    mounts: `30 23 0:26 /elsewhere /mnt rw - cgroup2 cgroup2 rw\n${version2Mounts}`,
    expected: { version: 2, folders: ['/sys/fs/cgroup/b', '/sys/fs/cgroup'] },
  },
  {
    name: 'a mount point with a space',
    controller: 'cpu',
    groups: '0::/\n',
    mounts: '30 23 0:26 / /sys/fs/my\\040groups rw - cgroup2 cgroup2 rw',
    expected: { version: 2, folders: ['/sys/fs/my groups'] },
  },
  { name: 'nothing mounted', controller: 'cpu', groups: '0::/\n', mounts: '', expected: undefined },
  { name: 'no groups at all', controller: 'cpu', groups: '', mounts: version2Mounts, expected: undefined },
];

for (const { name, controller, groups, mounts, expected } of rows) {
  test(name, () => assert.deepEqual(groupFolders(controller, groups, mounts), expected));
}
