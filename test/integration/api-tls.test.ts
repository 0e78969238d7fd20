/** The API over TLS: an answer that a client trusts, plain HTTP on the same port, and every mistake in the settings. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ApiTlsError, readTls } from '../../src/nodes/api/tls.ts';
import { a, oneDomain, unchecked } from '../given.ts';
import { runApi } from './running-api.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const tls = { cert_path: fixture('valid.crt'), key_path: fixture('valid.key') };
const configuration = oneDomain([a], {}, unchecked);

describe('an API with a certificate', () => {
  it('answers over TLS', async (test) => {
    const { port } = await runApi(test, { configuration, tls });
    const body = await new Promise<string>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/api/v1/live', ca: readFileSync(tls.cert_path), agent: false };
      const asked = request(options, (response) => void response.setEncoding('utf8').on('data', resolve));
      asked.on('error', reject).end();
    });
    assert.equal(body, '{"alive":true}');
  });

  it('closes on whoever speaks plain HTTP, and goes on', async (test) => {
    const { port, logged } = await runApi(test, { configuration, tls });
    for (let turn = 0; turn < 2; turn += 1) {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET /api/v1/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'));
      let received = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        received += chunk;
      });
      await new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
      assert(!received.includes('alive'), received);
    }
    assert.deepEqual(logged, []);
  });
});

describe('a certificate that cannot be used', () => {
  const missing = '/nonexistent/file.pem';
  for (const [title, paths, code, sentence] of [
    ['is not there', { ...tls, cert_path: missing }, 'api-tls-unreadable', /^api\.tls\.cert_path cannot be read: ENOENT.*nonexistent/],
    ['has no key', { ...tls, key_path: missing }, 'api-tls-unreadable', /^api\.tls\.key_path cannot be read/],
    ['is none', { ...tls, cert_path: tls.key_path }, 'api-tls-invalid', /valid\.key holds no certificate in PEM/],
    ['has a key that is none', { ...tls, key_path: tls.cert_path }, 'api-tls-invalid', /valid\.crt holds no private key in PEM/],
    ['has the key of another', { ...tls, key_path: fixture('expired.key') }, 'api-tls-invalid', /expired\.key is not that of .*valid\.crt/],
  ] as const) {
    it(`because it ${title} is told`, () => {
      assert.throws(
        () => readTls(paths),
        (error: unknown) => {
          assert(error instanceof ApiTlsError);
          assert.equal(error.code, code);
          assert.match(error.message, sentence);
          assert.match(error.remedy, /api\.tls|set both/);
          return true;
        },
      );
    });
  }

  it('is told of an empty file', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'opengslb-tls-'));
    test.after(() => rm(folder, { recursive: true }));
    const empty = join(folder, 'empty.pem');
    await writeFile(empty, '');
    assert.throws(() => readTls({ ...tls, cert_path: empty }), { code: 'api-tls-invalid' });
    assert.throws(() => readTls({ ...tls, key_path: empty }), { code: 'api-tls-invalid' });
  });
});
