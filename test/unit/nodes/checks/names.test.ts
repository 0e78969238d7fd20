import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckTarget } from '../../../../src/nodes/checks/check.ts';
import { serverName } from '../../../../src/nodes/checks/connect.ts';
import { hostHeader } from '../../../../src/nodes/checks/http.ts';

const plain: CheckTarget = {
  type: 'http',
  address: '192.0.2.7',
  port: 80,
  timeoutMs: 1_000,
  path: '/',
  method: 'GET',
  headers: {},
  expectedStatus: [[200, 200]],
  verifyTls: true,
};

test('the Host header is the host as given, else the address and an unusual port', () => {
  const rows: readonly (readonly [Partial<CheckTarget>, string])[] = [
    [{}, '192.0.2.7'],
    [{ port: 8080 }, '192.0.2.7:8080'],
    [{ port: 443 }, '192.0.2.7:443'],
    [{ type: 'https', port: 443 }, '192.0.2.7'],
    [{ type: 'https', port: 80 }, '192.0.2.7:80'],
    [{ address: '2001:db8::7' }, '[2001:db8::7]'],
    [{ address: '2001:db8::7', port: 8080 }, '[2001:db8::7]:8080'],
    [{ host: 'app.example.com', port: 8080 }, 'app.example.com'],
    [{ host: 'app.example.com:8443', port: 8080 }, 'app.example.com:8443'],
    [{ host: '2001:db8::1' }, '[2001:db8::1]'],
  ];
  for (const [of, header] of rows) assert.equal(hostHeader({ ...plain, ...of }), header);
});

test('a certificate is for the host without port, brackets and final dot', () => {
  const rows: readonly (readonly [host: string, name: string])[] = [
    ['app.example.com', 'app.example.com'],
    ['app.example.com.', 'app.example.com'],
    ['app.example.com:8443', 'app.example.com'],
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:443', '192.0.2.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
  ];
  for (const [host, name] of rows) assert.equal(serverName(host), name);
});
