import type { Span } from '../kit/json-splice.ts'
import { startOfText } from '../kit/json-splice.ts'
import { excessBreakpoints } from './cache-breakpoints.ts'
import { elementsAt, type Member, membersAt, parseSpan } from './json-walk.ts'

/** What `auth.oauth.system_prompt_injection` may say. */
export type InjectionMode = 'minimal' | 'none'

/** The line that Claude Code puts first in its system prompt. */
export const IDENTITY_LINE = "You are Claude Code, Anthropic's official CLI for Claude."

/** The betas that a plan login's requests carry. */
export const PLAN_LOGIN_BETAS: readonly string[] = ['oauth-2025-04-20', 'claude-code-20250219']

/** The block that is put first; it carries no cache breakpoint of its own. */
const IDENTITY_BLOCK = JSON.stringify({ type: 'text', text: IDENTITY_LINE })

/** How the blocks begin by which Claude Code tells of itself (seen in 2.1.329, 2026-11). */
const OWN_BLOCK_STARTS = [
  "You are Claude Code, Anthropic's official CLI for Claude",
  "You are a Claude agent, built on Anthropic's Claude Agent SDK",
  'x-anthropic-billing-header:',
]

/** Claude Code's own blocks stand among the first few: the billing header, then the identity. */
const BLOCKS_LOOKED_AT = 3

const encoder = new TextEncoder()

interface Edit extends Span {
  readonly text: string
}

/**
 * A Messages body as a plan login needs it: the identity block first if absent, at most four
 * cache breakpoints, every other byte as it came. A body that is no JSON object comes back as it is.
 */
export function withIdentity(body: Uint8Array | string, mode: InjectionMode): Uint8Array {
  const bytes = typeof body === 'string' ? encoder.encode(body) : body
  const start = startOfText(bytes)
  const top = membersAt(bytes, start)
  if (top === undefined) return bytes
  const edits: Edit[] = excessBreakpoints(bytes, top).map((span) => ({ ...span, text: '' }))
  if (mode === 'minimal') edits.push(...identityEdits(bytes, start, top))
  return splice(bytes, edits)
}

/** The client's betas in their order, then the required ones that it did not name. */
export function mergeBetas(clientBeta: string | null, required: readonly string[]): string {
  const sent = (clientBeta ?? '').split(',').map((beta) => beta.trim())
  return [...new Set([...sent, ...required])].filter((beta) => beta !== '').join(',')
}

/**
 * Whether a request was made by Claude Code itself: its user-agent and, where there is a body,
 * the blocks by which it tells of itself.
 */
export function isClaudeCode(headers: Headers, body: Uint8Array | string | undefined): boolean {
  if (!(headers.get('user-agent') ?? '').startsWith('claude-cli/')) return false
  if (body === undefined) return true
  const bytes = typeof body === 'string' ? encoder.encode(body) : body
  const system = systemOf(membersAt(bytes, startOfText(bytes)) ?? [])
  return system !== undefined && tellsOfClaudeCode(bytes, system)
}

function systemOf(top: readonly Member[]): Member | undefined {
  return top.findLast(({ key }) => key === 'system')
}

function identityEdits(bytes: Uint8Array, start: number, top: readonly Member[]): Edit[] {
  const system = systemOf(top)
  if (system === undefined) {
    const text = `"system":[${IDENTITY_BLOCK}]${top.length === 0 ? '' : ','}`
    return [{ start: start + 1, end: start + 1, text }]
  }
  if (tellsOfClaudeCode(bytes, system)) return []
  const blocks = elementsAt(bytes, system.start)
  if (blocks !== undefined) {
    const text = `${IDENTITY_BLOCK}${blocks.length === 0 ? '' : ','}`
    return [{ start: system.start + 1, end: system.start + 1, text }]
  }
  const value = parseSpan(bytes, system)
  if (value === null || value === '') return [{ ...system, text: `[${IDENTITY_BLOCK}]` }]
  if (typeof value !== 'string') return []
  return [
    { start: system.start, end: system.start, text: `[${IDENTITY_BLOCK},{"type":"text","text":` },
    { start: system.end, end: system.end, text: '}]' },
  ]
}

function tellsOfClaudeCode(bytes: Uint8Array, system: Span): boolean {
  const blocks = elementsAt(bytes, system.start)
  if (blocks === undefined) return isOwnText(parseSpan(bytes, system))
  return blocks.slice(0, BLOCKS_LOOKED_AT).some((block) => {
    const text = membersAt(bytes, block.start)?.findLast(({ key }) => key === 'text')
    return text !== undefined && isOwnText(parseSpan(bytes, text))
  })
}

function isOwnText(text: unknown): boolean {
  if (typeof text !== 'string') return false
  const start = text.trimStart()
  return OWN_BLOCK_STARTS.some((line) => start.startsWith(line))
}

function splice(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  if (edits.length === 0) return bytes
  const parts: Uint8Array[] = []
  let at = 0
  for (const edit of edits.toSorted((left, right) => left.start - right.start)) {
    parts.push(bytes.subarray(at, edit.start), encoder.encode(edit.text))
    at = edit.end
  }
  parts.push(bytes.subarray(at))
  return Buffer.concat(parts)
}
