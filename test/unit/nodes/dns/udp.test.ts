import assert from 'node:assert/strict';
import { it } from 'node:test';
import { dnsLimits } from '../../../../src/nodes/dns/limits.ts';
import { hindranceTo } from '../../../../src/nodes/dns/udp.ts';

it('sends nothing to port 0, nor while too many replies wait', () => {
  const address = '192.0.2.1';
  assert.equal(hindranceTo({ address, port: 0 }, 0, dnsLimits), 'no-source-port');
  assert.equal(hindranceTo({ address, port: 1 }, dnsLimits.udpUnsentBytesMax + 1, dnsLimits), 'unsent-replies');
  assert.equal(hindranceTo({ address, port: 1 }, dnsLimits.udpUnsentBytesMax, dnsLimits), undefined);
});
