/**
 * Every limit of the DNS server, in one table (I9). What is beyond a limit is refused, dropped or closed, and counted;
 * nothing here grows with what clients do.
 */
export const dnsLimits = {
  /** Longest query that is read, over UDP and TCP. Real ones stay under 600 bytes, padding included. */
  queryBytesMax: 4096,
  /** Records behind the question: OPT, and at most one signature (TSIG or SIG(0)), which is not looked at. */
  additionalRecordsMax: 2,
  /** Longest reply over UDP where the query had no EDNS (RFC 1035 section 4.2.1). */
  plainReplyBytesMax: 512,
  /** Longest reply over UDP at all, and the size that our OPT names: it passes every usual path in one piece. */
  udpReplyBytesMax: 1232,
  /** Longest reply over TCP: its length has two bytes. */
  tcpReplyBytesMax: 65_535,
  /** CNAMEs followed for one question. */
  aliasesMax: 8,
  /** Largest RRset that a zone may hold, so that every reply fits into one message over TCP. */
  rrsetBytesMax: 48_000,
  /** Replies waiting in the UDP socket while the kernel takes none; further ones are dropped. */
  udpUnsentBytesMax: 4 * 1024 * 1024,
  /** Open TCP connections; new ones beyond are closed at once. */
  tcpConnectionsMax: 512,
  /** Open TCP connections from one IPv4 address or one IPv6 /64. */
  tcpConnectionsPerClientMax: 32,
  /** Replies that one TCP peer has not read; beyond, its queries wait. */
  tcpUnsentBytesMax: 65_536,
  /** Replies that are gathered for one write to a TCP peer; what is asked for at once leaves at once up to here. */
  tcpWriteBytes: 16_384,
  /** Queries of one TCP connection that are answered before others get their turn. */
  tcpQueriesPerTurn: 64,
  /** A connection on which no query was answered for this long is closed, however many bytes trickled in. */
  tcpIdleMs: 10_000,
  /** How long a stop waits for peers to take their replies. */
  closeMs: 2_000,
  /** Ports tried where any free port will do, until one is free for both UDP and TCP. */
  freePortAttempts: 10,
} as const;
export type DnsLimits = { readonly [K in keyof typeof dnsLimits]: number };
