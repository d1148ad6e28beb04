/** What one request did to its address's allowance. */
export interface RateCheck {
  readonly allowed: boolean
  /** The headers that tell the client; `x-ratelimit-reset` is in epoch seconds. */
  readonly headers: Readonly<Record<string, string>>
}

interface Bucket {
  tokens: number
  /** When the tokens were counted, ms. */
  at: number
}

/** More addresses than this are not remembered: the one silent longest is forgotten first. */
const REMEMBERED = 10_000

/** A token bucket per client address: a steady rate a minute, and a burst beyond it. */
export class RateLimit {
  readonly #perMinute: number
  readonly #burst: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(perMinute: number, burst: number) {
    this.#perMinute = perMinute
    this.#burst = burst
  }

  /** Takes one request of an address; `now` in epoch ms. */
  take(address: string, now: number): RateCheck {
    const capacity = this.#perMinute + this.#burst
    const bucket = this.#buckets.get(address) ?? { tokens: capacity, at: now }
    const perMs = this.#perMinute / 60_000
    bucket.tokens = Math.min(capacity, bucket.tokens + (now - bucket.at) * perMs)
    bucket.at = now
    const allowed = bucket.tokens >= 1
    if (allowed) bucket.tokens -= 1
    this.#buckets.delete(address)
    this.#buckets.set(address, bucket)
    if (this.#buckets.size > REMEMBERED) this.#forget()
    return { allowed, headers: this.#headers(bucket, capacity, perMs, allowed, now) }
  }

  #headers(bucket: Bucket, capacity: number, perMs: number, allowed: boolean, now: number) {
    const full = now + (capacity - bucket.tokens) / perMs
    const headers: Record<string, string> = {
      'x-ratelimit-limit': String(this.#perMinute),
      'x-ratelimit-remaining': String(Math.max(0, Math.floor(bucket.tokens - this.#burst))),
      'x-ratelimit-reset': String(Math.ceil(full / 1000)),
    }
    if (!allowed) headers['retry-after'] = String(Math.ceil((1 - bucket.tokens) / perMs / 1000))
    return headers
  }

  /** The address that has been silent longest stands first. */
  #forget(): void {
    const oldest = this.#buckets.keys().next().value
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}
