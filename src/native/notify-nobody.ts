/** What speaks to a service supervisor, and its form where nobody listens: it says nothing. */

export interface NotifySocket {
  /** Sends one message, at once or not at all. Throws with a sentence where the system refuses. */
  send(message: string): void;
  /** What is sent from here on goes nowhere. */
  close(): void;
}

export function openNotifyNobody(): NotifySocket {
  return { send: () => {}, close: () => {} };
}
