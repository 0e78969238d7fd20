/**
 * A node's own key and certificate on its disk: made where there is none, loaded, and replaced. The certificate may be
 * read by everybody (0644), the key by this user alone (0600, PKCS#8). Both are on the disk before anybody sees them. A
 * pair that does not fit, or a key that others can read, stops the start: it is never quietly made anew, since others
 * have pinned it.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeSyncedFolder, renameSynced, replaceSynced, writeSynced } from '../synced-files.ts';
import type { Rotation } from './agent-messages.ts';
import { type Certificate, commonNameOf, isP256, type Role, readCertificate } from './certificate.ts';
import { IdentityError, unavailable } from './identity-error.ts';
import { identityLimits } from './limits.ts';
import { makeCertificate, type OwnCertificate } from './make-certificate.ts';
import { rotationFits, signRotation } from './proofs.ts';

export interface Place {
  readonly role: Role;
  readonly id: string;
  readonly certPath: string;
  readonly keyPath: string;
}

export interface OwnIdentity {
  readonly certificate: OwnCertificate;
  /** The certificate before this one, and its word for it, for those who pinned that; null where it is the first. */
  readonly rotation: Rotation | null;
}

const certificateMode = 0o644;
const keyMode = 0o600;
/** Text of a PEM file of ours at most. */
const fileBytesMax = 16_384;

/**
 * Throws `IdentityError`.
 *
 *     key          certificate            a new certificate waits beside it    outcome
 *     none         none                                                        both are made
 *     none         there                                                       identity-damaged: the key is lost
 *     there        fits it                                                     loaded; what waits is thrown away
 *     there        none, or does not fit  and fits the key                     the crash was between two renames: finished, loaded
 *     there        none                   no                                   a certificate is made for the key
 *     there        does not fit           no                                   identity-damaged
 */
export function openIdentity(place: Place, now: number): OwnIdentity {
  const { certPath, keyPath } = place;
  try {
    for (const path of [certPath, keyPath]) makeSyncedFolder(dirname(path));
    const privateKey = readKey(keyPath);
    const present = readPem(certPath);
    if (privateKey === undefined) return present === undefined ? made(place, now) : keyIsLost(place);

    const waiting = readWaiting(place);
    if (present !== undefined && fits(present, privateKey)) rmSync(waitingPath(place), { force: true });
    else if (waiting !== undefined && fits(waiting, privateKey)) renameSynced(waitingPath(place), certPath);
    else if (present !== undefined)
      throw new IdentityError('identity-damaged', `${certPath} is not the certificate of the key in ${keyPath}`, remedyOf(place));
    else saveCertificate(certPath, makeCertificate({ ...place, now, privateKey }));
    return loaded(place, privateKey);
  } catch (error) {
    throw unavailable(keyPath, error);
  }
}

/**
 * A new key and certificate in the place of the present ones, and the old key's word for them. The word and the new
 * certificate are on the disk before the key is renamed, which is the moment that counts; a crash before it leaves the
 * old pair, one after it is finished by `openIdentity`. Throws `IdentityError`.
 */
export function rotateIdentity(place: Place, { certificate: previous }: OwnIdentity, now: number): OwnIdentity {
  const { certPath, keyPath, role, id } = place;
  try {
    const certificate = makeCertificate({ role, id, now });
    const signature = signRotation(previous.privateKey, previous.fingerprint, certificate.fingerprint);
    const rotation = { previousCertificate: previous.der, signature };
    replaceSynced(rotationPath(place), `${pemOf(previous)}${Buffer.from(signature).toString('base64')}\n`, certificateMode);
    writeSynced(waitingPath(place), pemOf(certificate), certificateMode);
    replaceSynced(keyPath, keyPem(certificate.privateKey), keyMode);
    renameSynced(waitingPath(place), certPath);
    return { certificate, rotation };
  } catch (error) {
    throw unavailable(keyPath, error);
  }
}

const waitingPath = ({ certPath }: Place) => `${certPath}.next`;
const rotationPath = ({ certPath }: Place) => `${certPath}.previous`;

/** The key first: a certificate without its key would be lost for ever, a key without a certificate gets one. */
function made({ role, id, certPath, keyPath }: Place, now: number): OwnIdentity {
  const certificate = makeCertificate({ role, id, now });
  replaceSynced(keyPath, keyPem(certificate.privateKey), keyMode);
  saveCertificate(certPath, certificate);
  return { certificate, rotation: null };
}

function saveCertificate(path: string, certificate: Certificate): void {
  replaceSynced(path, pemOf(certificate), certificateMode);
}

function loaded(place: Place, privateKey: KeyObject): OwnIdentity {
  const pem = readPem(place.certPath);
  const certificate = pem === undefined ? undefined : readCertificate(pem);
  if (certificate === undefined)
    throw new IdentityError('identity-damaged', `${place.certPath} holds no certificate of an agent or overwatch`, remedyOf(place));
  if (certificate.commonName !== commonNameOf(place.role, place.id)) {
    const remedy = `give it back its name, or move ${place.certPath} and ${place.keyPath} away, and it is a new one to those who know it`;
    throw new IdentityError(
      'identity-damaged',
      `${place.certPath} is the certificate of ${certificate.commonName}, not of ${place.id}`,
      remedy,
    );
  }
  return { certificate: { ...certificate, privateKey }, rotation: readRotation(place, certificate) };
}

/** The word of the key before, where there was one and it is about this certificate. */
function readRotation(place: Place, { fingerprint }: Certificate): Rotation | null {
  const text = readText(rotationPath(place)) ?? '';
  const previous = readCertificate(certificateIn(text) ?? new Uint8Array());
  const signature = new Uint8Array(Buffer.from(text.trimEnd().split('\n').at(-1) ?? '', 'base64'));
  if (previous === undefined || !rotationFits(previous.publicKey, previous.fingerprint, fingerprint, signature)) return null;
  return { previousCertificate: previous.der, signature };
}

function readWaiting(place: Place): Uint8Array | undefined {
  const text = readText(waitingPath(place));
  // What a crash left half written is no certificate, and nothing was said with it.
  return text === undefined ? undefined : certificateIn(text);
}

function fits(der: Uint8Array, privateKey: KeyObject): boolean {
  try {
    return new X509Certificate(der).checkPrivateKey(privateKey);
  } catch {
    return false;
  }
}

/** DER of the certificate; an empty one where the file holds none. */
function readPem(path: string): Uint8Array | undefined {
  const text = readText(path);
  return text === undefined ? undefined : (certificateIn(text) ?? new Uint8Array());
}

function readText(path: string): string | undefined {
  try {
    return lstatSync(path).size > fileBytesMax ? '' : readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readKey(path: string): KeyObject | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const mode = lstatSync(path).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new IdentityError('identity-exposed', `${path} is open to other users (mode ${mode.toString(8)})`, `chmod 600 ${path}`);
  try {
    const key = createPrivateKey(text);
    if (isP256(createPublicKey(key))) return key;
  } catch {
    // What it holds instead must not be shown.
  }
  throw new IdentityError(
    'identity-damaged',
    `${path} holds no P-256 private key`,
    'restore it from a backup; without one, move it and the certificate away',
  );
}

function keyIsLost({ certPath, keyPath }: Place): never {
  throw new IdentityError(
    'identity-damaged',
    `${certPath} is there, but not its private key ${keyPath}`,
    `restore ${keyPath} from a backup; without one, move ${certPath} away, and the node is a new one to those who know it`,
  );
}

function remedyOf({ certPath, keyPath }: Place): string {
  return `restore both from a backup; without one, move ${certPath} and ${keyPath} away, and the node is a new one to those who know it`;
}

function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function pemOf({ der }: Certificate): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** DER of the certificate in a PEM text; undefined where there is none. */
export function certificateIn(text: string): Uint8Array | undefined {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(text)?.[1];
  const der = body === undefined ? undefined : new Uint8Array(Buffer.from(body, 'base64'));
  return der === undefined || der.length === 0 || der.length > identityLimits.certificateBytesMax ? undefined : der;
}
