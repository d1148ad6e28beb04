/** A client's own credential and the headers that it came in. */
export interface ClientCredential {
  readonly headers: Readonly<Record<string, string>>
  /** `oat` is a plan login's access token, `key` an API key. */
  readonly kind: 'key' | 'oat'
}
