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
  anthropic(): Record<string, string> {
    this.#count()
    const reset = new Date((this.#minute + 1) * 60_000).toISOString().replace('.000', '')
    const headers: Record<string, string> = {
      'anthropic-organization-id': '00000000-0000-4000-8000-000000000000',
    }
    for (const [kind, limit] of Object.entries(LIMITS)) {
      const left = kind === 'requests' ? Math.max(0, limit - this.#requests) : limit
      headers[`anthropic-ratelimit-${kind}-limit`] = String(limit)
      headers[`anthropic-ratelimit-${kind}-remaining`] = String(left)
      headers[`anthropic-ratelimit-${kind}-reset`] = reset
    }
    return headers
  }

  /** OpenAI's rate-limit headers after one more request. @see wire.md 2 */
  openAi(): Record<string, string> {
    this.#count()
    const reset = `${60 - Math.floor(this.now() % 60)}s`
    return {
      'x-ratelimit-limit-requests': String(LIMITS.requests),
      'x-ratelimit-remaining-requests': String(Math.max(0, LIMITS.requests - this.#requests)),
      'x-ratelimit-reset-requests': reset,
      'x-ratelimit-limit-tokens': String(LIMITS.tokens),
      'x-ratelimit-remaining-tokens': String(LIMITS.tokens),
      'x-ratelimit-reset-tokens': reset,
    }
  }

  #count(): void {
    const minute = Math.floor(this.now() / 60)
    this.#requests = minute === this.#minute ? this.#requests + 1 : 1
    this.#minute = minute
  }
}
