import type { Settings } from '../../config/schema.ts'
import { type CommandInput, UsageError } from '../command.ts'

/** A running proxy. */
export interface ProxyPlace {
  /** Without a slash at the end. */
  readonly url: string
  readonly key: string | undefined
}

/** Where the proxy of these settings listens, as this machine reaches it; `fix` is said where port 0 hides it. */
export function urlOf({ server: { host, port } }: Settings, fix: string): string {
  if (port === 0) throw new UsageError(`Port 0 means any free one: ${fix}`)
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/** The key that a client of these settings sends; undefined where they ask for none, or hold its hash alone. */
export function keyOf({ security }: Settings): string | undefined {
  const named = security.tokens.find(({ token }) => token !== undefined)
  return (security.auth_token ?? named?.token)?.reveal()
}

/** The proxy of `--url`, else of the settings. */
export function placeOf(settings: Settings, { flags: { url } }: CommandInput): ProxyPlace {
  const key = keyOf(settings)
  if (url !== undefined) return { url: checkedUrl(url), key }
  return { url: urlOf(settings, 'name the address with --url'), key }
}

function checkedUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href.replace(/\/+$/, '')
  throw new UsageError(
    `Flag "--url" needs an http URL such as http://127.0.0.1:8000, not "${given}"`,
  )
}
