import type { Secret } from '../kit/secret.ts'

/** What a plan login's tokens come from: our own file, or Claude Code's. */
export interface TokenSource {
  /** Whose login it is, for `/status` and notes. */
  readonly kind: 'plan-login' | 'claude-code-login'
  /** Whether there is a login that may be used, or why not; never asks the network. */
  state(): Promise<TokenState>
  /** A token that is not about to end, refreshed where needed; a `ProxyError` says what to run. */
  token(): Promise<Secret>
  /** Another token after the upstream refused this one with 401; undefined where there is none. */
  rejected(token: Secret): Promise<Secret | undefined>
}

/** What is known of a login without using it. */
export type TokenState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'not-accepted'; readonly source: string }
  | { readonly kind: 'unusable'; readonly reason: string }
  | {
      readonly kind: 'ready'
      readonly source: string
      readonly plan: string | undefined
      readonly scopes: readonly string[]
      /** Milliseconds since the epoch. */
      readonly expiresAt: number | undefined
    }
