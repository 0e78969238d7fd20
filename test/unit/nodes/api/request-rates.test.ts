/** How often an address may ask: at once, over time, together with its neighbours, and when too many addresses ask. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '../../../../src/nodes/api/errors.ts';
import { apiLimits } from '../../../../src/nodes/api/limits.ts';
import { createRequestRates, type RequestRates } from '../../../../src/nodes/api/request-rates.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';

const { requestsAtOnce, requestsPerSecond, requestAddressesMax } = apiLimits;

function isAdmitted(rates: RequestRates, address: string): boolean {
  try {
    rates.admit(address);
    return true;
  } catch (error) {
    assert(error instanceof ApiError && error.body.reason === 'too-many-requests');
    return false;
  }
}

const admittedOf = (rates: RequestRates, address: string, count: number) =>
  Array.from({ length: count }, () => isAdmitted(rates, address)).filter((admitted) => admitted).length;

describe('an address', () => {
  it('may ask so many times at once, and then as fast as the bucket fills', async () => {
    const clock = virtualClock(0);
    const rates = createRequestRates(clock);
    assert.equal(admittedOf(rates, '192.0.2.1', requestsAtOnce + 10), requestsAtOnce);
    assert.equal(isAdmitted(rates, '192.0.2.2'), true, 'another address is not concerned');
    await clock.moveTo(500);
    assert.equal(admittedOf(rates, '192.0.2.1', requestsPerSecond), requestsPerSecond / 2);
    await clock.moveTo(3_600_000);
    assert.equal(admittedOf(rates, '192.0.2.1', requestsAtOnce + 10), requestsAtOnce, 'the bucket holds no more than it holds');
  });

  it('pays later for what it could not pay at once', async () => {
    const clock = virtualClock(0);
    const rates = createRequestRates(clock);
    rates.charge('192.0.2.1', requestsAtOnce + 2 * requestsPerSecond);
    await clock.moveTo(2_000);
    assert.equal(isAdmitted(rates, '192.0.2.1'), false);
    await clock.moveTo(2_010);
    assert.equal(admittedOf(rates, '192.0.2.1', 2), 1);
  });

  it('of IPv6 shares with its /64', () => {
    const rates = createRequestRates(virtualClock(0));
    rates.charge('2001:db8::1', requestsAtOnce);
    assert.equal(isAdmitted(rates, '2001:db8::ffff:0:1'), false);
    assert.equal(isAdmitted(rates, '2001:db8:0:1::1'), true);
  });
});

it('remembers a bounded number of addresses, those that asked last', () => {
  const rates = createRequestRates(virtualClock(0));
  const addressOf = (nth: number) => `10.${nth >> 16}.${(nth >> 8) & 255}.${nth & 255}`;
  rates.charge(addressOf(0), requestsAtOnce);
  rates.charge(addressOf(1), requestsAtOnce);
  for (let nth = 2; nth < requestAddressesMax; nth += 1) rates.admit(addressOf(nth));
  rates.charge(addressOf(0), 0);
  rates.admit(addressOf(requestAddressesMax));
  assert.equal(isAdmitted(rates, addressOf(0)), false, 'it asked again meanwhile');
  assert.equal(isAdmitted(rates, addressOf(1)), true, 'it asked longest ago, and is forgotten');
});
