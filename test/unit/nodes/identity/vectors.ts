/**
 * Values that may never change while the protocol has this version: two key pairs, and what another implementation
 * (openssl, and HMAC and HKDF written out by hand) made of them.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';

const key = (base64: string) => createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' });

export const agentKey = key(
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgn6RhIj30VsEktRQ7EJ7EqWZnmavwxuhDlTyc1NwDFGShRANCAAQRl2hyIL+NuRu8CDsz5KLFHacS5t/YQZltzZjYPccVuMy+sBQ5KwSNSB0lHeregzrhJPxGBbXarrM1zvoQ/Td0',
);
export const overwatchKey = key(
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbBk5+1M16W68ZEZkQnnEVHQEG2XnSWiicXKwC+gFx9GhRANCAATXTMuwwSfFp2armFCTkNjhsUWDZurBBoJffCqHxW2RkZ86cjZkLRENUaFj+SUIIszBxrkdf0PmhazOyhLcZwKD',
);
export const agentPublicKey = createPublicKey(agentKey);
export const overwatchPublicKey = createPublicKey(overwatchKey);

/** Self-signed with the agent's key by openssl, for the name opengslb-agent-web-1, from 2026-11-21 14:59:10 on, for 100 years. */
export const agentCertificate = Buffer.from(
  'MIIBlTCCATugAwIBAgIUNT9VlcUCkRCadwmMf5Y7ZA5VqbcwCgYIKoZIzj0EAwIwHzEdMBsGA1UEAwwUb3BlbmdzbGItYWdlbnQtd2ViLTEwIBcNMjYxMTIxMTQ1OTEwWhgPMjEyNjEwMjgxNDU5MTBaMB8xHTAbBgNVBAMMFG9wZW5nc2xiLWFnZW50LXdlYi0xMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEZdociC/jbkbvAg7M+SixR2nEubf2EGZbc2Y2D3HFbjMvrAUOSsEjUgdJR3q3oM64ST8RgW12q6zNc76EP03dKNTMFEwHQYDVR0OBBYEFGks9xikpkLRP7pBRaxSeRkprOB+MB8GA1UdIwQYMBaAFGks9xikpkLRP7pBRaxSeRkprOB+MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJhNDmsT7hIf5JftZWAPcNHY7cV5Dhqw58WVsI3T1bZ+AiBhcOl+zmNYfujYXlzw09mFxDfLu+aekcAhNNfaQek0bg==',
  'base64',
);
export const agentCertificateFingerprint = 'bf4fd2d072437269d6bec9235013d0e0821f6632265165908204772854bd430f';

/** The same name on P-384, also by openssl: a good certificate, and none of ours. */
export const certificateOnAnotherCurve = Buffer.from(
  'MIIB0zCCAVigAwIBAgIUX4HBesp5DQSD2AknFnsw7b4favQwCgYIKoZIzj0EAwIwHzEdMBsGA1UEAwwUb3BlbmdzbGItYWdlbnQtd2ViLTEwIBcNMjYxMTIxMTQ1OTExWhgPMjEyNjEwMjgxNDU5MTFaMB8xHTAbBgNVBAMMFG9wZW5nc2xiLWFnZW50LXdlYi0xMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEXuPDzn15dNwISurNoPILCg4+3KK7+VaVD8TlO19aZNAUIx6tSfAettOQS/aFSfl49Ed7+fu8g+oZTec2OPnLqbn9W/LgAOhruy227MytiLZnNoiqvP7Fp5Onj0Cms1yao1MwUTAdBgNVHQ4EFgQU02Iborh5+zJ+r9ij71bNYlMxJoAwHwYDVR0jBBgwFoAU02Iborh5+zJ+r9ij71bNYlMxJoAwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNpADBmAjEApsY8TyUD+6qamY0kZmpPVni12BfnHGJJ4JwOwuEKv2fykiVuigPzywvSKBgQDEiEAjEAsYNjxj5dcdcHEWh6ZQOenIYO6nkfyjHUWhLIS2P522l4dhu9ZBBZWGShdr4FLAh8',
  'base64',
);

/** SHA-256 of `agent` and of `overwatch`. */
export const introduction = {
  agentFingerprint: 'd4f0bc5a29de06b510f9aa428f1eedba926012b591fef7a518e776a7c9bd1824',
  overwatchFingerprint: '6df983c20df2ddf0c981c8978d526cf0a5b4fd8369759fee4419fdf31d6b22cb',
  agentNonce: Uint8Array.from({ length: 16 }, (_, index) => index),
  overwatchNonce: Uint8Array.from({ length: 16 }, (_, index) => 16 + index),
} as const;
export const token = 'correct horse battery staple';
export const service = 'app.example.com';

/** Lower-case hexadecimal. */
export const expected = {
  agentProof: '97508ad03f18c35a64212c5d64476b115ea4a0b70d409ea81b5af109905a72a2',
  overwatchProof: '1d848085ca92bdbf9d5a7c58cec3184afd639c7bbf64f8a79edf4ae4e63e7ffd',
  pairKey: 'bc5b2e5ae42ba26d5a4e30eb43ec6a87222e5300e37883e2d4e9bf1f6faff340',
  /** Of the bytes of `beat` under the pair key. */
  macFromAgent: 'cc297d0afcb912472bbbbf26d371830f',
  macFromOverwatch: 'bf9c5006f7e5c0cb8bbeec86953f2513',
  /** To web-1 in period 7, under the pair key. */
  greetingNonce: '45daa20935d92fab88c7692690797918',
  /** By the agent's key: from its fingerprint above to the overwatch's. */
  rotation:
    '30450221008a02f93eb768a54d2467588d2a37fc49e7d2988ba6588cfe440e65d401f49e3902204215e208c4c7ad22d7a00fb95e8ee19f57477049d68a208a63858525f1a4229e',
} as const;
