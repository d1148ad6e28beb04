import { expiryInWords } from '../../auth/expiry.ts'
import type { Profile } from '../../auth/oauth.ts'
import type { TokenState } from '../../auth/token-source.ts'
import { columns } from '../style.ts'

/** What a login that can be read says of itself. */
export type ReadyLogin = Extract<TokenState, { kind: 'ready' }>

/** What may be shown of a login: never a token. */
export interface LoginFacts {
  readonly account?: string
  readonly organization?: string
  readonly plan: string | null
  readonly scopes: readonly string[]
  /** ISO time; null where the login does not end. */
  readonly expires_at: string | null
  readonly expires: string
  readonly source: string
}

/** Gathers the facts of a login, with its owner's where the profile is known. */
export function loginFacts(state: ReadyLogin, now: number, profile?: Profile): LoginFacts {
  const { plan, scopes, expiresAt, source } = state
  const { full_name: name, email } = profile?.account ?? {}
  const account = name && email ? `${name} <${email}>` : email || name
  const organization = profile?.organization?.name
  return {
    ...(account ? { account } : {}),
    ...(organization ? { organization } : {}),
    plan: plan ?? null,
    scopes,
    expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    expires: expiresAt === undefined ? 'does not expire' : expiryInWords(expiresAt - now),
    source,
  }
}

/** The facts as a table. */
export function factsTable(facts: LoginFacts): string {
  const when = facts.expires_at === null ? '' : ` (${facts.expires_at.slice(0, 16)}Z)`
  const rows = [
    ['Account', facts.account],
    ['Organization', facts.organization],
    ['Plan', facts.plan ?? 'unknown'],
    ['Scopes', facts.scopes.join(' ')],
    ['Token', `${facts.expires}${when}`],
    ['Kept in', facts.source],
  ].flatMap(([name, value]) => (name && value ? [[name, plain(value)]] : []))
  return `${columns(rows, '')}\n`
}

/** A name comes from elsewhere: nothing in it may steer the terminal. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}
