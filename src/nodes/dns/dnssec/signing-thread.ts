/**
 * A thread that does nothing but sign. Only sign-many.ts starts it; it is sent chunks and sends back signatures, in the
 * same order. A key comes as an object of the runtime, never as bytes.
 */
import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';
import type { SignedChunk, SigningChunk } from './sign-many.ts';
import { hashOf, signatureBytes, signData } from './signing-key.ts';

assert(parentPort !== null, 'this file runs in a thread of its own');
const port = parentPort;

port.on('message', (chunk: SigningChunk) => {
  const signatures = signChunk(chunk);
  port.postMessage({ signatures } satisfies SignedChunk, [signatures.buffer as ArrayBuffer]);
});

function signChunk({ keys, keyOf, ends, data }: SigningChunk): Uint8Array {
  const algorithmOf = (index: number) => (keys[keyOf[index] ?? 0] as SigningChunk['keys'][number]).algorithm;
  const signatures = new Uint8Array(ends.reduce((sum, _, index) => sum + signatureBytes[algorithmOf(index)], 0));
  let [start, at] = [0, 0];
  ends.forEach((end, index) => {
    const { privateKey, algorithm } = keys[keyOf[index] ?? 0] as SigningChunk['keys'][number];
    signatures.set(signData(privateKey, hashOf(algorithm), data.subarray(start, end)), at);
    start = end;
    at += signatureBytes[algorithm];
  });
  return signatures;
}
