/**
 * What each reason of `agent.rejected` means and what to do about it: a sentence for everybody who is told the reason,
 * in a log, in a refusal that came back, beside a metric.
 */
import type { RejectionReason } from '../../events/catalogue/agents.ts';

export const rejectionSentences: Readonly<Record<RejectionReason, string>> = {
  'address-held':
    'Another agent that is alive holds the address: two agents are configured with one backend, or the other one is to be revoked.',
  'agent-unknown': 'The agent speaks before it was welcomed: it will introduce itself.',
  'certificate-invalid':
    'Its certificate is no self-signed P-256 certificate of its name, or its dates are more than a day off: look at the clocks, and at agent.identity.agent_id.',
  'false-overwatch':
    'The overwatch knows the token of no service of the agent: look at overwatch.agent_tokens, or for a stranger with the gossip key.',
  'fingerprint-mismatch':
    'Its certificate is not the pinned one: another host uses the name, or this one lost its certificate and is replaced once it is stale.',
  'legacy-refused':
    'It is an agent of the original OpenGSLB, which proves nothing; overwatch.gossip.legacy_agents says whether those are let in.',
  malformed: 'The message is not of our making, or is damaged.',
  'region-unknown': 'It names a region that the configuration does not have: list it in regions.',
  replayed: 'The message was sent before.',
  revoked: 'It was revoked here.',
  'service-not-proven': 'It claims a backend of a service whose token it did not prove: give it the token in agent.identity.tokens.',
  'superseded-certificate': 'It shows a certificate that the agent has itself replaced: an old copy of its files is in use somewhere.',
  'too-large': 'The message is longer than any that an honest agent sends.',
  'too-many-agents':
    'There are as many agents as this overwatch keeps, and none of them is gone: let another overwatch serve the new ones.',
  'too-many-servers': 'There are as many servers as this overwatch keeps: deregister those that are gone.',
  'too-old-boot':
    'It is from before a restart of the agent, or of a copy of it: give each host files of its own. Where its boot counter was lost and its clock is behind, set the clock.',
  'unknown-service': 'No service that it names has a token here: list it in overwatch.agent_tokens.',
  'unknown-version': 'The message is of another version of the protocol: bring agent and overwatch to the same release.',
  'wrong-mac': 'The message was not sealed with the key of its sender, or was changed on the way.',
  'wrong-token': 'Its token is not that of the service: compare agent.identity.service_token, or tokens, with overwatch.agent_tokens.',
};
