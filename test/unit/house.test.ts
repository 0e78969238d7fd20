/** The house rules, held against the project, and each rule against a violation planted for it, so that it can fail. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { defineEvent, type EventDefinition } from '../../src/events/define-event.ts';
import { catalogue } from '../../src/events/event.ts';
import { catalogueIsSound, definitionsAreListed } from '../house/catalogue.ts';
import { importsPointDown, noCircles, packagesKeepToTheirRooms, rooms } from '../house/imports.ts';
import { pureFilesArePure } from '../house/purity.ts';
import { exportsHaveNames, filesAreNamedAfterWhatTheyHold, filesAreShort, filesOpenWithAComment, staleExceptions } from '../house/shape.ts';
import { filesBelow, parse, type Rule, read, repository, type Source, sourcesOfProject } from '../house/source.ts';
import { lockFileNamesNoRegistry, nothingIsLeftForLater } from '../house/texts.ts';

/** A rule, and small projects that break it: files by path, and what the one complaint must say. */
interface House {
  readonly rule: Rule;
  readonly violations: readonly (readonly [files: Readonly<Record<string, string>>, complaint: RegExp])[];
  /** What looks like a violation and is none. */
  readonly innocent?: Readonly<Record<string, string>>;
}

const impure = (text: string, complaint: RegExp, path = 'src/projections/a.ts') => [{ [path]: text }, complaint] as const;

const house: Readonly<Record<string, House>> = {
  'imports point down the layers': {
    rule: importsPointDown,
    violations: [
      [{ 'src/events/a.ts': "import { b } from '../projections/b.ts';" }, /a\.ts:1: events may not import projections/],
      [
        { 'src/projections/routing/a.ts': "\nimport type { B } from '../../commands/b.ts';" },
        /a\.ts:2: projections may not import commands/,
      ],
      [{ 'src/commands/a.ts': "export { b } from '../nodes/b.ts';" }, /commands may not import nodes/],
      [{ 'src/nodes/a.ts': "const b = await import('../cli/b.ts');" }, /nodes may not import cli/],
      [{ 'src/native/a.ts': "let b: import('../events/b.ts').B;" }, /native may not import events/],
      [{ 'src/cli/a.ts': "import { b } from '../native/b.ts';" }, /cli may not import native/],
      [{ 'src/cli/a.ts': "import { b } from '../../test/b.ts';" }, /outside src/],
      [{ 'src/attic/a.ts': "import { b } from './b.ts';" }, /src\/attic is no layer/],
    ],
    innocent: { 'src/nodes/a.ts': "import { b } from '../native/b.ts';\nimport { c } from '../events/c.ts';\nimport { d } from './d.ts';" },
  },
  'imports do not go in circles': {
    rule: noCircles,
    violations: [
      [
        {
          'src/events/a.ts': "import { b } from './b.ts';",
          'src/events/b.ts': "import type { c } from './deep/c.ts';",
          'src/events/deep/c.ts': "import { a } from '../a.ts';",
        },
        /a\.ts -> src\/events\/b\.ts -> src\/events\/deep\/c\.ts -> src\/events\/a\.ts/,
      ],
    ],
    innocent: { 'src/events/a.ts': "import './b.ts';\nimport './c.ts';", 'src/events/b.ts': "import './c.ts';", 'src/events/c.ts': '' },
  },
  'packages keep to their rooms': {
    rule: packagesKeepToTheirRooms,
    violations: [
      [{ 'src/nodes/a.ts': "import koffi from 'koffi';" }, /a\.ts:1: koffi may be imported only in src\/native\//],
      [{ 'src/events/memory-log.ts': "import { ClassicLevel } from 'classic-level';" }, /only in src\/events\/level-log\.ts/],
      [{ 'src/nodes/a.ts': "import type { X } from '@fastify/websocket/types';" }, /@fastify\/websocket may be imported only/],
      [{ 'src/nodes/a.ts': "import x from 'left-pad';" }, /left-pad has no room/],
      [{ 'src/nodes/a.ts': "import fs from 'fs';" }, /fs has no room/],
      [
        { 'src/nodes/a.ts': "import 'pino';", 'src/nodes/b.ts': "import 'pino';" },
        /1 file only, not in src\/nodes\/a\.ts, src\/nodes\/b\.ts/,
      ],
    ],
    innocent: { 'src/native/a.ts': "import koffi from 'koffi';\nimport fs from 'node:fs';" },
  },
  'pure files are pure': {
    rule: pureFilesArePure,
    violations: [
      impure("import { readFileSync } from 'node:fs';", /may not import node:fs/),
      impure("import { createHash, randomBytes } from 'node:crypto';", /may not import randomBytes from node:crypto/),
      impure("import crypto2 from 'node:crypto';", /by name/),
      impure("import * as crypto from 'node:crypto';\nexport const id = crypto.randomUUID();", /may not import randomUUID/),
      impure("import * as crypto from 'node:crypto';\nexport const all = { ...crypto };", /by name/),
      impure('\nexport const now = Date.now();', /a\.ts:2: Date has no place/),
      impure('export const now = performance.now();', /performance has no place/, 'src/commands/a.ts'),
      impure('export const key = process.env.KEY;', /process has no place/, 'src/events/catalogue/a.ts'),
      impure('setTimeout(() => {}, 1);', /setTimeout has no place/, 'src/nodes/gossip/swim.ts'),
      impure('const { setInterval: every } = globalThis;', /globalThis has no place/),
      impure('queueMicrotask(() => {});', /queueMicrotask has no place/, 'src/nodes/dns/wire.ts'),
      impure("console.log('x');", /console has no place/),
      impure('export const id = crypto.randomUUID();', /crypto has no place/),
      impure('export const draw = Math.random();', /Math\.random is chance or differs/),
      impure('export const decay = (x: number) => Math.exp(-x);', /Math\.exp is chance or differs/),
      impure('const { log } = Math;', /Math\.\* is chance or differs/),
      impure('export const square = (x: number) => x ** 2;', /\*\* differs between engines/),
      impure('export const order = (a: string, b: string) => a.localeCompare(b);', /localeCompare depends/),
      impure("export const load = () => import('./b.ts');", /imports nothing while it runs/),
      impure('export const here = import.meta.url;', /import\.meta tells/),
      impure('export async function f() {}', /does not wait/),
      impure('export interface A { f(): Promise<void> }', /does not wait/, 'src/events/codec.ts'),
    ],
    innocent: {
      'src/events/level-log.ts': 'export const now = Date.now();',
      'src/events/memory-log.ts': 'export async function f(): Promise<void> {}',
      'src/nodes/engine.ts': 'export const now = Date.now();',
      'src/projections/a.ts': [
        "import { createHash } from 'node:crypto';",
        "import * as crypto from 'node:crypto';",
        "import assert from 'node:assert/strict';",
        "export const digest = crypto.hash('sha256', '');",
        'export const limit = 2 ** 32;',
        'export const whole = (x: { process: number; Date: number }) => Math.floor(x.process) + x.Date;',
        'export const made = { process: 1, console() {} };',
        '/** Date.now() and Math.random() are only spoken of. */',
        "export const text = 'setTimeout';",
      ].join('\n'),
    },
  },
  'files are named after what they hold': {
    rule: filesAreNamedAfterWhatTheyHold,
    violations: [
      [{ 'src/events/index.ts': '' }, /"index" says nothing/],
      [{ 'src/nodes/socket-manager.ts': '' }, /"manager" says nothing/],
      [{ 'src/nodes/utils/text.ts': '' }, /"utils" says nothing/],
      [{ 'src/nodes/dnsTable.ts': '' }, /"dnsTable" is not kebab-case/],
    ],
    innocent: { 'src/nodes/dns/answer-table.ts': '' },
  },
  'files open with a comment': {
    rule: filesOpenWithAComment,
    violations: [
      [{ 'src/events/a.ts': "import { z } from 'zod';\n/** Late. */" }, /a\.ts:1: opens without a comment/],
      [{ 'src/events/a.ts': '/** */\nexport {};' }, /opens without a comment/],
      [{ 'src/cli/a.ts': '#!/usr/bin/env node\nexport {};' }, /opens without a comment/],
    ],
    innocent: {
      'src/events/a.ts': '/** What. */',
      'src/events/b.ts': '/**\n * What.\n */',
      'src/cli/main.ts': '#!/usr/bin/env node\n/** What. */',
    },
  },
  'files are short': {
    rule: filesAreShort,
    violations: [[{ 'src/events/a.ts': `${'\n'.repeat(400)}x` }, /401 lines are more than 400/]],
    innocent: { 'src/events/a.ts': `${'\n'.repeat(399)}x\n` },
  },
  'exports have names': {
    rule: exportsHaveNames,
    violations: [
      [{ 'src/events/a.ts': '\nexport default 1;' }, /a\.ts:2: a default export/],
      [{ 'src/events/a.ts': 'export default function a() {}' }, /a default export/],
      [{ 'src/events/a.ts': 'const a = 1;\nexport { a as default };' }, /a default export/],
    ],
    innocent: {
      'src/events/a.ts':
        "import koffi from 'koffi';\nexport const a = (b: number) => {\n  switch (b) {\n    default:\n      return koffi;\n  }\n};",
    },
  },
};

const project = (files: Readonly<Record<string, string>>): readonly Source[] =>
  Object.entries(files).map(([path, text]) => parse(path, text));

let sources: readonly Source[] = [];
before(() => {
  sources = sourcesOfProject();
  assert.ok(sources.length > 10, `expected the sources in ${repository}src`);
});

for (const [name, { rule, violations, innocent }] of Object.entries(house)) {
  describe(name, () => {
    test('in this project', () => assert.deepEqual(rule(sources), []));
    test('and a violation is found', () => {
      for (const [files, complaint] of violations) {
        const complaints = rule(project(files));
        assert.equal(complaints.length, 1, `${JSON.stringify(files)}: ${complaints.join('; ')}`);
        assert.match(complaints[0] ?? '', complaint);
      }
    });
    test('and what only looks like one is not', () => assert.deepEqual(rule(project(innocent ?? {})), []));
  });
}

describe('exceptions and rooms are in use', () => {
  test('every file listed as long is long', () => {
    assert.deepEqual(staleExceptions(new Map(sources.map(({ path, text }) => [path, text.trimEnd().split('\n').length]))), []);
    assert.equal(staleExceptions(new Map([['a.ts', 400]]), ['a.ts', 'gone.ts']).length, 2);
  });

  test('every package with a room is a dependency, and every dependency has one', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    assert.deepEqual(Object.keys(rooms).sort(), Object.keys(dependencies).sort());
  });
});

describe('texts', () => {
  test('leave nothing for later', () => {
    const texts = filesBelow('.').filter((path) => /\.(ts|mjs|md|ya?ml)$|^\.ci\/|Dockerfile$/.test(path));
    assert.ok(texts.length > sources.length);
    assert.deepEqual(nothingIsLeftForLater(texts.map((path) => ({ path, text: read(path) }))), []);
    for (const mark of ['TO_DO', 'FIX_ME', 'X_X_X']) {
      assert.equal(
        nothingIsLeftForLater([{ path: 'a.ts', text: `one\n// ${mark.replaceAll('_', '')}: two` }])[0]?.startsWith('a.ts:2: '),
        true,
      );
    }
    assert.deepEqual(nothingIsLeftForLater([{ path: 'run', text: `mktemp -d /tmp/${'X'.repeat(6)}` }]), []);
  });

  test('of the lock file name no registry', () => {
    assert.deepEqual(lockFileNamesNoRegistry({ path: 'package-lock.json', text: read('package-lock.json') }), []);
    assert.equal(lockFileNamesNoRegistry({ path: 'l', text: '{\n"resolved": "https://packages.example/zod.tgz"' }).length, 1);
  });
});

describe('the catalogue of facts', () => {
  const sound = (): EventDefinition =>
    defineEvent({ type: 'a.done', code: 1, meaning: 'A was done.', data: z.strictObject({}) }) as EventDefinition;

  test('is sound and complete', async () => {
    assert.deepEqual(catalogueIsSound(catalogue), []);
    const modules = filesBelow('src/events/catalogue').map((path) => import(`../../${path}`) as Promise<object>);
    assert.deepEqual(definitionsAreListed(catalogue, await Promise.all(modules)), []);
  });

  test('and a violation is found', () => {
    const broken: readonly (readonly [Partial<EventDefinition>, RegExp])[] = [
      [{ type: 'done' }, /written subject\.participle/],
      [{ code: 0 }, /whole number above 0/],
      [{ meaning: 'A was done' }, /full stop/],
      [{ data: z.strictObject({ x: z.string().nullable().optional() }) }, /^a\.done\.x: may be missing and may be null/],
      [{ data: z.strictObject({ x: z.string().optional().nullable() }) }, /^a\.done\.x: /],
      [{ data: z.strictObject({ list: z.array(z.union([z.int(), z.strictObject({ x: z.string().nullish() })])) }) }, /^a\.done\.list\.x: /],
      [{ older: [{ data: z.strictObject({ x: z.string().nullish() }), upcast: () => ({}) }] }, /^a\.done\.x: /],
    ];
    for (const [part, complaint] of broken) {
      const complaints = catalogueIsSound([{ ...sound(), ...part }]);
      assert.equal(complaints.length, 1, complaints.join('; '));
      assert.match(complaints[0] ?? '', complaint);
    }
    assert.deepEqual(catalogueIsSound([sound(), sound()]), [
      'code 1 stands for more than one type',
      'a.done is in the catalogue more than once',
    ]);
    assert.deepEqual(definitionsAreListed([], [{ done: sound(), other: 1 }]), ['a.done is defined but not listed in src/events/event.ts']);
  });
});
