/**
 * Has GNU's C library give back memory that the program has freed. Left alone it learns from large pieces that come and go to
 * keep ever larger ones, in an area for each thread, and hands back nothing of an area's end: after a large batch was
 * written that is as much as all that is in use. With another C library, or none that can be called, nothing is done: that
 * costs memory and nothing else.
 */

interface Malloc {
  trim(pad: number): number;
  option(name: number, value: number): number;
}

/** Names of `mallopt`, as malloc.h has them. */
const trimThreshold = -1;
const mmapThreshold = -3;

/** What is as large has pages of its own, which are gone when it is freed. Saying so also ends the learning. */
const ownPagesFromBytes = 1024 * 1024;
/** Free memory that an area may keep at its end. */
const keptAtEndBytes = 128 * 1024;

async function loadMalloc(): Promise<Malloc | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    return {
      trim: library.func('int malloc_trim(size_t pad)') as Malloc['trim'],
      option: library.func('int mallopt(int name, int value)') as Malloc['option'],
    };
  } catch {
    return undefined;
  }
}

/** From now on. Whether it was heard. */
export async function keepLittleFreeMemory(): Promise<boolean> {
  const malloc = await loadMalloc();
  if (malloc === undefined) return false;
  return malloc.option(mmapThreshold, ownPagesFromBytes) === 1 && malloc.option(trimThreshold, keptAtEndBytes) === 1;
}

/** What lies free between two things that are in use. Whether it was heard. */
export async function giveBackFreeMemory(): Promise<boolean> {
  const malloc = await loadMalloc();
  malloc?.trim(0);
  return malloc !== undefined;
}
