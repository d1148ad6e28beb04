import { isRecord, parseJson } from '../kit/json.ts'
import { parseSpan, type Span } from '../kit/json-splice.ts'
import type { Exchange } from './exchange.ts'

const SANE = /^[\w.:-]{1,128}$/
const MARK = '_session_'

/**
 * The session that a request belongs to: the one that its path names, Claude Code's header, Codex's, or what Claude Code puts into
 * `metadata.user_id`. @see wire.md 5.2
 */
export function sessionOf(
  exchange: Pick<Exchange, 'headers' | 'body' | 'session'>,
  metadata: Span | undefined,
): string | undefined {
  const { headers, body, session } = exchange
  if (session !== undefined) return session
  const named = headers.get('x-claude-code-session-id') ?? headers.get('session-id')
  if (named !== null) return SANE.test(named) ? named : undefined
  return metadata === undefined || !(body instanceof Uint8Array) ? undefined : told(body, metadata)
}

function told(body: Uint8Array, span: Span): string | undefined {
  let metadata: unknown
  try {
    metadata = parseSpan(body, span)
  } catch {
    // The upstream says what is wrong with it; a broken one names no session.
    return undefined
  }
  if (!isRecord(metadata)) return undefined
  // SDK mode's own name for it.
  const { user_id: user, session_id: own } = metadata
  if (typeof own === 'string') return SANE.test(own) ? own : undefined
  if (typeof user !== 'string') return undefined
  const parts = user.startsWith('{') ? parseJson(user) : undefined
  const session = isRecord(parts) ? parts.session_id : behindMark(user)
  return typeof session === 'string' && SANE.test(session) ? session : undefined
}

/** Not by a regular expression: one that begins anywhere takes the square of the length of a text made for it. */
function behindMark(user: string): string | undefined {
  const at = user.lastIndexOf(MARK)
  return at === -1 ? undefined : user.slice(at + MARK.length)
}
