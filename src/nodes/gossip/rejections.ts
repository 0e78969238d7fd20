/**
 * Why bytes from the network were not taken: a closed list, so that each reason can be counted. A rejection is a value;
 * nothing that a peer sends makes the code that reads it throw (I9).
 */
export const rejectionMeanings = {
  short: 'it has fewer bytes than the smallest sealed packet',
  'unknown-version': 'its first byte is no known version of encryption, so it was probably not encrypted',
  undecryptable: 'none of our keys opens it',
  padding: 'it was opened, but its padding is not as version 0 demands',
  'not-encrypted': 'the stream does not begin with an encrypted frame',
  labelled: 'it carries a label, and our cluster has none',
  checksum: 'its checksum does not match its contents',
  empty: 'there is no message in it',
  'unknown-type': 'its first byte is no type of message that we know',
  'wrong-carrier': 'messages of its type do not travel this way',
  malformed: 'it cannot be read as msgpack with the expected shape',
  truncated: 'it ends before it is complete',
  'bad-field': 'a field is missing or outside its range',
  'bad-versions': 'a member is described without the six version numbers, and would block every merge of states',
  compression: 'its compressed contents cannot be unpacked',
  'too-deep': 'it has more layers around the message than any member makes',
  'too-many-parts': 'it holds more messages than any member puts into one datagram',
  'too-long': 'it is, claims to be or unpacks to more than our limit',
} as const;

export type RejectionReason = keyof typeof rejectionMeanings;

export interface Rejection {
  readonly rejected: RejectionReason;
}

export function isRejection(value: object): value is Rejection {
  return 'rejected' in value;
}
