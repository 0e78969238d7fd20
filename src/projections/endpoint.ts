/** How one server of a service is named: `192.0.2.7:80`, `[2001:db8::7]:80`. */

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** The key of a server within its service, and how people write it. */
export function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** An address with or without a port, as overrides name their targets. */
export function targetText(address: string, port: number | null): string {
  return port === null ? address : endpointText(address, port);
}

/** The entry for `key`, made by `make` where there is none yet. */
export function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
