import type { Settings } from '../../config/schema.ts'
import { UsageError } from '../command.ts'

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
