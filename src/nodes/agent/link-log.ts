/** What becomes of each overwatch, as lines for operators: one when it changes, and none for what only goes on. */
import type { Logger } from '../logger.ts';
import { type LinkNews, linkSentence } from './link.ts';

/**
 *     news                                           line
 *     it knows this agent, it is away                always
 *     it cannot be reached, or it or we refuse       once, until something else is the matter
 *     a service that it declined                     with the welcome
 *     something was sent or acknowledged             for those who look closely (debug)
 */
export function createLinkLog(logger: Pick<Logger, 'info' | 'warn' | 'debug'>): (news: LinkNews) => void {
  const troubles = new Map<string, string>();
  return (news) => {
    const sentence = linkSentence(news);
    if (news.kind === 'sent' || news.kind === 'acknowledged') return logger.debug(sentence);
    if (news.kind === 'unreachable' || news.kind === 'refused') {
      if (troubles.get(news.node) !== sentence) logger.warn(sentence);
      troubles.set(news.node, sentence);
      return;
    }
    troubles.delete(news.node);
    if (news.kind === 'lost') return logger.warn(sentence);
    logger.info(sentence);
    for (const { service, reason } of news.declined)
      logger.warn({ service, reason }, `${news.node} does not let this agent speak for ${service}`);
  };
}
