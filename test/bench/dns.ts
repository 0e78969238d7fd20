/**
 * What a DNS answer costs: processor time of the server a query, beside a C program that does next to nothing (the
 * floor) and other servers that this machine happens to have, on one core, asked the same from another. Needs Linux, a C
 * compiler and taskset, and installs nothing. `npm run bench -- dns [WHAT...]`:
 *
 *     nothing        every case in turn, several rounds, and then the time from an event to the changed answer
 *     CASE...        only these, and those that they are compared with; `latency` for the last part alone
 *     echo           datagrams alone: batches of the kernel from a worker thread against C and node:dgram
 *     table          the shared table alone, without any network
 *     signing        what it takes to sign 100,000 names
 *     start          how long an overwatch with 100,000 names takes to its first answer, and what it weighs
 *
 * BENCH_SECONDS is how long each measurement takes (3); with 1 there is one round, and the figures are rough: Linux counts
 * processor time in hundredths of a second.
 */
const [what, ...rest] = process.argv.slice(2);
const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  echo: () => import('./dns/echo.ts'),
  table: () => import('./dns/table.ts'),
  signing: () => import('./dns/signing.ts'),
  start: () => import('./dns/start.ts'),
};
const part = parts[what ?? ''];
if (part !== undefined) {
  process.argv.splice(2, process.argv.length, ...rest);
  await part();
} else {
  const { compare } = await import('./dns/compare.ts');
  await compare(process.argv.slice(2)).catch((error: unknown) => {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}

export {};
