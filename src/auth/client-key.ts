import type { Secret } from '../kit/secret.ts'
import { sha256 } from '../kit/sha256.ts'
import type { ClientCredential } from './credential.ts'

/** A named client token as settings give it: the token or its SHA-256, and when it ends. */
export interface NamedToken {
  readonly name: string
  readonly token?: Secret
  /** 64 hex digits, either case. */
  readonly sha256?: string
  /** An ISO 8601 date or time. */
  readonly expires?: string
}

/** A key that lets a client in, as its digest. */
export interface AcceptedKey {
  readonly name: string | undefined
  readonly digest: Uint8Array
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** The keys that let a client in, as digests; empty means that everyone is let in. */
export type ClientKeys = readonly AcceptedKey[]

/** Who a client is, or why it is refused. */
export type ClientCheck =
  | {
      readonly ok: true
      /** The named token's name, for logs. */
      readonly name: string | undefined
      /** The client's own Anthropic credential, where it sent one. */
      readonly credential: ClientCredential | undefined
    }
  | { readonly ok: false; readonly reason: 'missing' | 'wrong' | 'expired' }

interface SentKey {
  readonly header: 'x-api-key' | 'authorization'
  /** The header exactly as it came. */
  readonly raw: string
  readonly value: string
}

/** Makes the list that `checkClientKey` compares with; an `expires` that is no date counts as past. */
export function clientKeys(
  authTokens: readonly Secret[],
  tokens: readonly NamedToken[] = [],
): ClientKeys {
  const keys: AcceptedKey[] = authTokens.map((token) => ({
    name: undefined,
    digest: sha256(token.reveal()),
    expires: Number.POSITIVE_INFINITY,
  }))
  for (const { name, token, sha256: hex, expires } of tokens) {
    const ends = expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires)
    const end = Number.isNaN(ends) ? Number.NEGATIVE_INFINITY : ends
    if (token !== undefined) keys.push({ name, digest: sha256(token.reveal()), expires: end })
    if (hex !== undefined && /^[0-9a-f]{64}$/i.test(hex)) {
      keys.push({ name, digest: Buffer.from(hex, 'hex'), expires: end })
    }
  }
  return keys
}

/**
 * Checks the key that a client sent and finds the client's own Anthropic credential beside it.
 * `x-api-key` wins over a bearer; only an `sk-ant-…` there that is no key of ours gives the bearer its turn.
 * @param now milliseconds since the epoch
 */
export function checkClientKey(headers: Headers, keys: ClientKeys, now: number): ClientCheck {
  const sent = sentKeys(headers)
  if (keys.length === 0) {
    return { ok: true, name: undefined, credential: ownCredential(sent) }
  }
  let reason: 'missing' | 'wrong' | 'expired' = 'missing'
  for (const key of sent) {
    const match = find(keys, key.value, now)
    if (match?.valid) {
      const others = sent.filter((other) => other !== key && !isOneOf(keys, other.value, now))
      return { ok: true, name: match.name, credential: ownCredential(others) }
    }
    if (match !== undefined) return { ok: false, reason: 'expired' }
    reason = 'wrong'
    if (!key.value.startsWith('sk-ant-')) break
  }
  return { ok: false, reason }
}

/** What a client sends as its key: `x-api-key`, or the bearer where that says nothing. */
export function sentKey(headers: Headers): string | undefined {
  return sentKeys(headers)[0]?.value
}

function sentKeys(headers: Headers): SentKey[] {
  const sent: SentKey[] = []
  const apiKey = headers.get('x-api-key')?.trim()
  if (apiKey) sent.push({ header: 'x-api-key', raw: apiKey, value: apiKey })
  const authorization = headers.get('authorization')?.trim()
  const bearer = authorization && /^bearer[ \t]+(.+)$/i.exec(authorization)?.[1]?.trim()
  if (authorization && bearer) {
    sent.push({ header: 'authorization', raw: authorization, value: bearer })
  }
  return sent
}

/** Looks at every key whatever it finds, so that the time taken says nothing. */
function find(keys: ClientKeys, value: string, now: number) {
  const digest = sha256(value)
  let found: { key: AcceptedKey; name: string | undefined; valid: boolean } | undefined
  for (const key of keys) {
    const equal = crypto.timingSafeEqual(key.digest, digest)
    if (equal && !found?.valid) found = { key, name: key.name, valid: now < key.expires }
  }
  return found
}

/** The key that this value is, where it is one and has not expired. @param now milliseconds since the epoch */
export function findClientKey(
  keys: ClientKeys,
  value: string,
  now: number,
): AcceptedKey | undefined {
  const found = find(keys, value, now)
  return found?.valid ? found.key : undefined
}

function isOneOf(keys: ClientKeys, value: string, now: number): boolean {
  return find(keys, value, now) !== undefined
}

function ownCredential(sent: readonly SentKey[]): ClientCredential | undefined {
  const own = sent.filter(({ value }) => value.startsWith('sk-ant-'))
  if (own.length === 0) return undefined
  return {
    headers: Object.fromEntries(own.map(({ header, raw }) => [header, raw])),
    kind: own.some(({ value }) => value.startsWith('sk-ant-oat')) ? 'oat' : 'key',
  }
}
