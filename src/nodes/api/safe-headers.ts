/** What every answer tells browsers, so that no page can frame it, sniff it or keep it. A page of ours may say otherwise for itself. */
export const safeHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;
