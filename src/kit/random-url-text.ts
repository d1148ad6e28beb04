/** 32 random bytes as 43 characters that need no escaping in a URL. */
export function randomUrlText(): string {
  return crypto
    .getRandomValues(new Uint8Array(32))
    .toBase64({ alphabet: 'base64url', omitPadding: true })
}
