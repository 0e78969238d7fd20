/** What is wrong with how the nodes were named; apart from the settings, so that whoever tells it needs not load them. */

/** A flag or a variable that says nothing usable. */
export class SettingsError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'SettingsError';
    this.remedy = remedy;
  }
}
