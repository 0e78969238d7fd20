/** Every limit of reading a configuration, in one table (I9). What is beyond a limit is an error that names it. */
export const configurationLimits = {
  /** One file. Ten thousand servers need about two megabytes. */
  fileBytesMax: 16 * 1024 * 1024,
  /** All files together. */
  totalBytesMax: 64 * 1024 * 1024,
  /** Files that are included, directly or by others. */
  filesMax: 1_000,
  /** How deep includes may nest; the main file is at 0. */
  includeDepthMax: 10,
  /** Folder entries that the patterns of one file may look at. */
  globEntriesMax: 100_000,
  /** How deep values may nest; the schema itself needs 8. */
  nestingMax: 64,
  /** Values that the aliases of one file may repeat: what a few hundred bytes of nested aliases would multiply without end. */
  aliasedValuesMax: 100_000,
  /** One text with its variables filled in. */
  expandedCharactersMax: 65_536,
  /** Problems that are kept; beyond, only their number. */
  problemsMax: 1_000,
  /** Problems that a message spells out. */
  problemsShown: 50,
} as const;
