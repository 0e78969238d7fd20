/** What to do about a node's refusal, in words of the command line: the node itself speaks of its REST API. */
import type { NodeError } from '../nodes/client/node-error.ts';

const byReason: Readonly<Record<string, string>> = {
  'token-missing': 'give it with OPENGSLB_TOKEN, or as token_file of the context',
  'token-unknown': 'give one of its api.tokens with OPENGSLB_TOKEN, or as token_file of the context',
  'tokens-needed': 'set api.tokens there and give one of them with OPENGSLB_TOKEN, or run this on the machine of the node',
  'unknown-service': '"opengslb status" lists the services',
  'unknown-server': '"opengslb servers list" lists the servers',
  'unknown-agent': '"opengslb agents list" lists the agents',
  'unknown-mapping': '"opengslb geo list" lists the networks',
  'unknown-zone': '"opengslb dnssec status" lists the zones that are signed',
  'no-rotation': '"opengslb dnssec status" says how far the keys are',
  'rotation-in-progress': 'wait for its end; "opengslb dnssec status" says what it waits for',
  'rotation-announced': 'see that every server of the parent shows the old DS, then repeat it with --force',
  'unknown-override': '"opengslb overrides list" lists the overrides',
  'would-empty-service': 'bring another server up first, or repeat it with --force and --reason',
};

/** The node's own words where there are no better ones. */
export function remedyOf({ reason, remedy }: NodeError): string {
  return (reason !== undefined && Object.hasOwn(byReason, reason) && byReason[reason]) || remedy;
}
