import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '../../../../src/nodes/client/endpoint.ts';

const cases: readonly (readonly [text: string, endpoint: string | undefined])[] = [
  ['http://192.0.2.7:8080', 'http://192.0.2.7:8080'],
  ['http://192.0.2.7:8080/', 'http://192.0.2.7:8080'],
  ['http://192.0.2.7:8080/api/v1', 'http://192.0.2.7:8080'],
  ['http://192.0.2.7:8080/api/v1/', 'http://192.0.2.7:8080'],
  ['https://gslb.example.com/eu', 'https://gslb.example.com/eu'],
  ['192.0.2.7:8080', 'http://192.0.2.7:8080'],
  ['localhost:8080', 'http://localhost:8080'],
  ['[2001:db8::7]:8080', 'http://[2001:db8::7]:8080'],
  ['http://user:password@192.0.2.7', undefined],
  ['http://192.0.2.7/?token=x', undefined],
  ['http://192.0.2.7/#x', undefined],
  ['ftp://192.0.2.7', undefined],
  ['http://', undefined],
  ['', undefined],
  ['not a url', undefined],
];
for (const [text, endpoint] of cases)
  test(`${JSON.stringify(text)} is ${endpoint ?? 'no endpoint'}`, () => assert.equal(parseEndpoint(text), endpoint));
