/**
 * A state as bytes and back, for snapshots: MessagePack values one after another, a field or a piece of a map each, so
 * that a large state can be encoded a piece at a time. Maps keep their order: the same facts folded from zero fill them
 * in one order, and it is seen where servers are listed. What follows from the rest (deadlines, the look-ups of the
 * configuration) is not stored but made again. Bytes are trusted: whoever keeps them checks a hash first.
 */
import { Decoder, Encoder, ExtensionCodec } from '@msgpack/msgpack';
import { configurationInForce } from './configuration.ts';
import { setPendingDeadlines } from './pending-deadlines.ts';
import { putServer, type Registry, type Server, serversOf } from './registry.ts';
import { initialState, type State } from './state.ts';

/** Entries of a map in one piece: a few milliseconds of work. */
const entriesInPiece = 64;

const mapExtension = 0;
const extensionCodec = new ExtensionCodec();
const encoder = new Encoder({ extensionCodec, ignoreUndefined: true });
/** A new one each time: it holds on to the last bytes that it was given. */
const createDecoder = () => new Decoder({ extensionCodec });
extensionCodec.register({
  type: mapExtension,
  encode: (value) => (value instanceof Map ? encoder.encode([...value].flat(1)) : null),
  decode: (bytes) => fill(new Map(), createDecoder().decode(bytes) as unknown[]),
});

/** The fields that a state is made of, without what is derived from the rest. */
type Folds = Omit<State, 'deadlines' | 'configuration' | 'registry'>;
type InForce = NonNullable<State['configuration']>;
/** The configuration as JSON: it is large, all of it is one piece, and the engine writes JSON several times faster. */
type StoredConfiguration = Pick<InForce, 'digest' | 'position' | 'at'> & { readonly json: string };

/**
 * The state as it is now, in pieces. Now is when this is called: what is folded while the pieces are taken changes
 * nothing in them, for what folding changes in place is copied first.
 */
export function encodeInPieces({ deadlines: _derived, configuration, registry, ...folds }: State): Iterable<Uint8Array> {
  return pieces(copied(folds) as Folds, configuration, copied(registry) as Registry);
}

function* pieces(folds: Folds, configuration: InForce | undefined, registry: Registry): Generator<Uint8Array> {
  // By an encoder of its own: the other would keep a place of its size.
  if (configuration !== undefined) yield new Encoder({ ignoreUndefined: true }).encode(['configuration', stored(configuration)]);
  for (const services of inPieces(registry.keys())) {
    yield encoder.encode(['registry', ...services.flatMap((service) => [...serversOf(registry, service)])]);
  }
  for (const [name, value] of Object.entries(folds)) {
    // What is not there is left out: MessagePack would make nil of it.
    if (value === undefined) continue;
    if (!(value instanceof Map)) {
      yield encoder.encode([name, value]);
      continue;
    }
    for (const entries of inPieces(value as Map<unknown, unknown>)) yield encoder.encode([name, ...entries.flat(1)]);
  }
}

function* inPieces<E>(entries: Iterable<E>): Generator<readonly E[]> {
  const all = [...entries];
  for (let from = 0; from < all.length; from += entriesInPiece) yield all.slice(from, from + entriesInPiece);
}

function stored({ configuration, digest, position, at }: InForce): StoredConfiguration {
  return { digest, position, at, json: JSON.stringify(configuration) };
}

function restored({ json, ...rest }: StoredConfiguration): InForce {
  return configurationInForce({ configuration: JSON.parse(json), ...rest });
}

/**
 * Folding changes maps, the entries in them, and the lists in those. What is deeper came with a fact, and facts are
 * never changed, so it is shared.
 */
function copied(value: unknown, depth = 0): unknown {
  if (value instanceof Map) return new Map(Array.from(value, ([key, inner]) => [key, copied(inner, 1)]));
  if (Array.isArray(value)) return value.slice();
  if (typeof value !== 'object' || value === null || depth > 1) return value;
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) if (typeof copy[key] === 'object') copy[key] = copied(copy[key], 2);
  return copy;
}

export function encodeState(state: State): Uint8Array {
  return Buffer.concat([...encodeInPieces(state)]);
}

/** What `encodeState` was given, with what can be derived made again. */
export function decodeState(bytes: Uint8Array): State {
  const state = initialState();
  // The configuration comes first: one text for a name that many things are kept by.
  const known = (name: unknown) => state.configuration?.domains.get(name as string)?.name ?? name;
  for (const piece of createDecoder().decodeMulti(bytes)) {
    const [name, ...values] = piece as [keyof State, ...unknown[]];
    if (name === 'configuration') state.configuration = restored(values[0] as StoredConfiguration);
    else if (name === 'registry') for (const server of values) putServer(state.registry, restoredServer(server as Server, known));
    else if (state[name] instanceof Map) fill(state[name], values, known);
    else Object.assign(state, { [name]: values[0] });
  }
  setPendingDeadlines(state);
  return state;
}

/** What was undefined was left out. */
function restoredServer({ service, host, healthCheck, agent, ...server }: Server, known: (name: unknown) => unknown): Server {
  return { ...server, service: known(service) as string, host, healthCheck, agent };
}

function fill(map: Map<unknown, unknown>, flat: readonly unknown[], known = (key: unknown) => key): Map<unknown, unknown> {
  for (let index = 0; index < flat.length; index += 2) map.set(known(flat[index]), flat[index + 1]);
  return map;
}
