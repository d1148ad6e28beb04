const LIMITS = {
  requests: 1_000,
  'input-tokens': 2_000_000,
  'output-tokens': 400_000,
  tokens: 2_400_000,
}

/** Counts requests in the running minute, for the rate-limit headers; it never refuses one. */
export class RateWindow {
  #minute = 0
  #requests = 0

  constructor(readonly now: () => number) {}

  /** Anthropic's rate-limit headers after one more request. @see wire.md 1.7 */
  next(): Record<string, string> {
    const minute = Math.floor(this.now() / 60)
    this.#requests = minute === this.#minute ? this.#requests + 1 : 1
    this.#minute = minute
    const reset = new Date((minute + 1) * 60_000).toISOString().replace('.000', '')
    const headers: Record<string, string> = {}
    for (const [kind, limit] of Object.entries(LIMITS)) {
      const left = kind === 'requests' ? Math.max(0, limit - this.#requests) : limit
      headers[`anthropic-ratelimit-${kind}-limit`] = String(limit)
      headers[`anthropic-ratelimit-${kind}-remaining`] = String(left)
      headers[`anthropic-ratelimit-${kind}-reset`] = reset
    }
    return headers
  }
}
