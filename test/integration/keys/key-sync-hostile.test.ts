/**
 * Who asks for keys without being a peer, and peers that send what they must not: over real TLS. Nobody else gets a byte
 * of a key, nothing is believed that does not fit, and everything is over in time.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as plainRequest, type ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { KeyPeer } from '../../../src/events/catalogue/configuration.ts';
import { signingKey } from '../../../src/nodes/dns/dnssec/signing-key.ts';
import { rotationText } from '../../../src/nodes/dns/key-sync/pinned-peer.ts';
import { tlsIdentity } from '../../../src/nodes/dns/key-sync/tls-identity.ts';
import { type OwnIdentity, rotateIdentity } from '../../../src/nodes/identity/own-certificate.ts';
import { signRotation } from '../../../src/nodes/identity/proofs.ts';
import { keysOf } from '../../../src/projections/keys.ts';
import { app } from '../../given.ts';
import { newFolder, start, until } from './node.ts';
import { identityIn, runSyncNode, type SyncNode } from './sync-node.ts';

interface Said {
  readonly status: number;
  readonly body: string;
}

interface Asking {
  readonly identity?: OwnIdentity;
  readonly rotation?: OwnIdentity['rotation'];
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(port: number, { identity, rotation = null, path = '/v1/keys', method = 'POST', body, headers = {} }: Asking): Promise<Said> {
  const sent = body ?? JSON.stringify({ zones: [app] });
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        ...{ host: '127.0.0.1', port, path, method, agent: false, rejectUnauthorized: false },
        ...(identity && tlsIdentity(identity)),
        headers: {
          'content-length': Buffer.byteLength(sent),
          ...headers,
          ...(rotation && { 'opengslb-rotation': rotationText(rotation) }),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    asked.on('error', reject).end(sent);
  });
}

/** A node with a key, and somebody whom it names as a peer. */
async function serving(test: TestContext): Promise<{ node: SyncNode; port: number; friend: OwnIdentity; folder: string }> {
  const node = await runSyncNode(test, { name: 'one' });
  const folder = newFolder(test);
  const friend = identityIn(folder);
  await node.knows({ url: 'https://127.0.0.1:9', fingerprint: friend.certificate.fingerprint });
  return { node, port: node.sync.port as number, friend, folder };
}

const certOf = (folder: string) => ({ certPath: `${folder}/secrets/overwatch.crt`, keyPath: `${folder}/secrets/overwatch.key` });

describe('who asks', () => {
  it('is answered where the configuration names its certificate, and in no other case', async (test) => {
    const { node, port, friend } = await serving(test);
    const named = await ask(port, { identity: friend });
    assert.deepEqual([named.status, JSON.parse(named.body).zones[0].keys.length], [200, 1]);
    assert.doesNotMatch(named.body, /private/);
    const other = identityIn(newFolder(test), 'other');
    for (const stranger of [{}, { identity: other }]) {
      for (const path of ['/v1/keys', '/v1/private-keys', '/']) {
        const { status, body } = await ask(port, { ...stranger, path });
        assert.deepEqual([status, Object.keys(JSON.parse(body))], [403, ['error']], path);
      }
    }
    assert.equal(node.sync.strangers(), 6);
    assert.equal(node.logged.filter((line) => line.includes('somebody who is no peer')).length, 2, 'told once each');
    await node.knows();
    assert.equal((await ask(port, { identity: friend })).status, 403, 'who is named no more is a stranger at once');
  });

  it('may show a new certificate that the named one signed for, and no other', async (test) => {
    const { node, port, friend, folder } = await serving(test);
    const next = rotateIdentity({ role: 'overwatch', id: 'somebody', ...certOf(folder) }, friend, start);
    assert.notEqual(next.certificate.fingerprint, friend.certificate.fingerprint);
    assert.equal((await ask(port, { identity: next, rotation: next.rotation })).status, 200);
    assert.equal((await ask(port, { identity: next })).status, 403, 'without the word of the old one');
    assert.match(node.logged.join(''), new RegExp(`${next.certificate.fingerprint}.*a peer has a new certificate`));
    const thief = identityIn(newFolder(test), 'thief');
    assert.equal((await ask(port, { identity: thief, rotation: next.rotation })).status, 403, 'a word for another certificate');
    const forged = {
      previousCertificate: friend.certificate.der,
      signature: signRotation(thief.certificate.privateKey, friend.certificate.fingerprint, thief.certificate.fingerprint),
    };
    assert.equal((await ask(port, { identity: thief, rotation: forged })).status, 403, 'a word of somebody else');
  });

  it('speaks TLS 1.3', async (test) => {
    const { port } = await serving(test);
    const old = connectTls({ host: '127.0.0.1', port, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
    const [error] = (await once(old, 'error')) as [Error & { code?: string }];
    assert.match(String(error.code ?? error.message), /PROTOCOL_VERSION|ECONNRESET/);
    const plain = plainRequest({ host: '127.0.0.1', port, path: '/v1/keys', method: 'POST', agent: false });
    plain.end('{}');
    await once(plain, 'error');
  });

  it('in a way that is none is refused, and the next one is answered', async (test) => {
    const { node, port, friend: identity } = await serving(test);
    const zones = (count: number) => JSON.stringify({ zones: Array.from({ length: count }, (_, index) => `z${index}.example`) });
    for (const [what, asking, status] of [
      ['no JSON', { body: '{' }, 400],
      ['no zones', { body: '{"zones":[]}' }, 400],
      ['too many zones', { body: zones(501) }, 400],
      ['as many as may be', { body: zones(500) }, 200],
      ['what is no name', { body: '{"zones":["../../etc"]}' }, 400],
      ['deep nesting', { body: '['.repeat(90_000) }, 400],
      ['too many bytes', { body: ' '.repeat(200 * 1024) }, 413],
      ['another path', { path: '/v1/keys?x' }, 404],
      ['another method', { method: 'PUT' }, 404],
      ['keys as private keys', { path: '/v1/private-keys' }, 400],
      [
        'a key that is not here',
        { path: '/v1/private-keys', body: JSON.stringify({ keys: [{ zone: 'other.example', key_tag: 1 }] }) },
        200,
      ],
    ] as const) {
      const { status: got, body } = await ask(port, { identity, ...asking });
      assert.deepEqual([got, body.includes('"private_key"')], [status, false], what);
    }
    const garbage = connect(port, '127.0.0.1', () => garbage.end(Buffer.alloc(4_096, 0x16)));
    garbage.on('error', () => {});
    await once(garbage, 'close');
    await assert.rejects(ask(port, { identity, headers: { 'x-long': 'x'.repeat(10_000) } }));
    assert.equal((await ask(port, { identity })).status, 200);
    assert.equal(node.keys.signingOf(app)?.dataKey.keyTag, keysOf(node.engine.state, app)[0]?.keyTag);
  });
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A peer that does as the test says, and a node without a key that asks it. */
async function asking(test: TestContext, answer: Answer, timeout = '2s', present?: (own: OwnIdentity) => OwnIdentity) {
  const named = identityIn(newFolder(test), 'peer');
  const shown = present?.(named) ?? named;
  const server = createServer({ ...tlsIdentity(shown), requestCert: true }, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => answer(request, response, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer: KeyPeer = { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, fingerprint: named.certificate.fingerprint };
  const node = await runSyncNode(test, { name: 'one', peers: [peer], timeout });
  node.closing(async () => {
    server.closeAllConnections();
    server.close();
  });
  return node;
}

const bytesBeforePoint = 4;

function madeKey(): { privateKey: KeyObject; listed: Record<string, unknown> } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { keyTag, dnskey } = signingKey(privateKey);
  const publicKey = Buffer.from(dnskey.subarray(bytesBeforePoint)).toString('base64');
  const stage = { stage: 'active', created_at: start, stage_seconds: 0, left_seconds: null, successor_of: null };
  return { privateKey, listed: { key_tag: keyTag, algorithm: 13, public_key: publicKey, ...stage } };
}

const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' });
const one = madeKey();
const two = madeKey();

/** Answers both questions, as the test has them. */
const answering =
  (keys: unknown, privateKeys: unknown = {}): Answer =>
  (request, response) =>
    void response.end(JSON.stringify(request.url === '/v1/keys' ? keys : privateKeys));

const listing = (...keys: readonly unknown[]) => ({ node: 'peer', zones: [{ zone: app, signed: true, keys }] });
const sent = (private_key: string, tag: unknown = one.listed.key_tag) => ({ keys: [{ zone: app, key_tag: tag, private_key }] });

/** The private number of one key beside the point of another: it parses, and what it signs is signed by nobody. */
function chimera(): string {
  const [der, other] = [pkcs8(one.privateKey), pkcs8(two.privateKey)];
  return Buffer.concat([other.subarray(0, 68), der.subarray(68)]).toString('base64');
}

describe('what a peer answers', () => {
  it('is taken over where it fits', async (test) => {
    const node = await asking(test, answering(listing(one.listed), sent(pkcs8(one.privateKey).toString('base64'))));
    assert.equal(node.keys.signingOf(app)?.dataKey.keyTag, one.listed.key_tag);
  });

  for (const [what, answer, says] of [
    ['is no JSON', (_request, response) => void response.end('<html>'), /is not understood/],
    ['has another shape', answering({ node: 'peer', zones: [{ zone: app }] }), /is not understood/],
    [
      'is of a zone that was not asked about',
      answering({ node: 'peer', zones: [{ zone: 'other.example', signed: true, keys: [] }] }),
      /speaks of other.example/,
    ],
    ['is of one zone twice', answering({ node: 'peer', zones: [...listing().zones, ...listing().zones] }), /unasked or twice/],
    ['has too many keys', answering(listing(one.listed, one.listed, one.listed, one.listed, one.listed)), /is not understood/],
    ['has a key that is no point', answering(listing({ ...one.listed, public_key: 'AAAA' })), /is not understood/],
    [
      'has a key under another tag',
      answering(listing({ ...one.listed, key_tag: 1 }), sent(pkcs8(one.privateKey).toString('base64'), 1)),
      /is not the private key 1 of/,
    ],
    ['has no private key', answering(listing(one.listed), { keys: [] }), /is not the private key/],
    [
      'has the private key of another',
      answering(listing(one.listed), sent(pkcs8(two.privateKey).toString('base64'))),
      /is not the private key/,
    ],
    ['has a private key that is not of its point', answering(listing(one.listed), sent(chimera())), /is not the private key/],
    ['has a private key that is none', answering(listing(one.listed), sent('AAAA')), /is not the private key/],
    [
      'has a private key on another curve',
      answering(listing(one.listed), sent(pkcs8(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey).toString('base64'))),
      /is not the private key/,
    ],
    ['is too long', (_request, response) => void response.end(' '.repeat(2 * 1024 * 1024)), /too long/],
    [
      'has too long a head',
      (_request, response) => void response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end(),
      /cannot be asked/,
    ],
    ['is an error', (_request, response) => void response.writeHead(500).end(), /status 500/],
    ['is that it does not know us', (_request, response) => void response.writeHead(403).end(), /does not know this node's certificate/],
    [
      'breaks off',
      (_request, response) => void response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
      /cannot be asked/,
    ],
  ] as readonly (readonly [string, Answer, RegExp])[]) {
    it(`and ${what}, changes nothing`, async (test) => {
      const node = await asking(test, answer);
      assert.match(node.sync.peers()[0]?.lastError ?? '', says);
      assert.deepEqual([node.keys.waiting(), keysOf(node.engine.state, app)], [[app], []]);
      const { readdirSync } = await import('node:fs');
      assert.deepEqual(readdirSync(`${node.folder}/secrets/dnssec`), [], 'and no file is left');
    });
  }

  it('never, is given up in time', async (test) => {
    const began = performance.now();
    const silent = await asking(test, () => {}, '300ms');
    assert.match(silent.sync.peers()[0]?.lastError ?? '', /did not answer within 300 ms/);
    const drop: Answer = (_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    };
    const dripping = await asking(test, drop, '300ms');
    assert.match(dripping.sync.peers()[0]?.lastError ?? '', /did not answer within 300 ms/);
    assert(performance.now() - began < 10_000);
  });

  it('without TLS at all, is given up in time', async (test) => {
    const server = createTcpServer((socket) => socket.on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { certificate } = identityIn(newFolder(test));
    const peer = { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, fingerprint: certificate.fingerprint };
    const node = await runSyncNode(test, { name: 'one', peers: [peer], timeout: '200ms' });
    node.closing(async () => void server.close());
    assert.match(node.sync.peers()[0]?.lastError ?? '', /did not answer within 200 ms/);
  });

  it('under a certificate that is not the one that is named, is not believed', async (test) => {
    const other = identityIn(newFolder(test), 'peer');
    const fits = answering(listing(one.listed), sent(pkcs8(one.privateKey).toString('base64')));
    const node = await asking(test, fits, '2s', () => other);
    assert.match(node.sync.peers()[0]?.lastError ?? '', new RegExp(`fingerprint ${other.certificate.fingerprint}, which is not the one`));
    assert.deepEqual(node.keys.waiting(), [app]);
  });

  it('under one that the named one signed for, is', async (test) => {
    const folder = newFolder(test);
    const old = identityIn(folder, 'peer');
    const next = rotateIdentity({ role: 'overwatch', id: 'peer', ...certOf(folder) }, old, start);
    const answer: Answer = (request, response, body) => {
      response.setHeader('opengslb-rotation', rotationText(next.rotation as NonNullable<typeof next.rotation>));
      answering(listing(one.listed), sent(pkcs8(one.privateKey).toString('base64')))(request, response, body);
    };
    const server = createServer({ ...tlsIdentity(next), requestCert: true }, (request, response) => answer(request, response, ''));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, fingerprint: old.certificate.fingerprint };
    const node = await runSyncNode(test, { name: 'one', peers: [peer] });
    node.closing(async () => {
      server.closeAllConnections();
      server.close();
    });
    await until('it signs', () => node.keys.waiting().length === 0);
    assert.match(node.logged.join(''), /a peer has a new certificate/);
  });
});
