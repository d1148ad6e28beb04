import type { PermissionEvent, PermissionRequest, PermissionState } from './permission-schema.ts'

/** What a tool wants to do, and what Claude Code says of it. */
export interface PermissionAsk {
  readonly tool: string
  /** Any JSON value; desks see it as it is. */
  readonly input: unknown
  readonly session?: string | undefined
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined
  readonly toolUseId?: string | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly decisionReason?: string | undefined
  readonly blockedPath?: string | undefined
  readonly defaultToNo?: boolean | undefined
  readonly onceOnly?: boolean | undefined
}

/** What becomes of a tool request; `message` is for Claude. */
export type PermissionOutcome =
  | { readonly behavior: 'allow'; readonly updatedInput?: Record<string, unknown> }
  | { readonly behavior: 'deny'; readonly message: string }

/** `cancelled` is a request that nobody waits for any more; to desks it reads as denied. */
type State = 'pending' | 'allowed' | 'denied' | 'expired' | 'cancelled'

/** How a request may end. */
export type EndState = Exclude<State, 'pending'>

/** One tool request on the desk. */
export interface PermissionEntry {
  readonly id: string
  readonly asked: PermissionAsk
  /** Epoch ms. */
  readonly createdAt: number
  readonly timeoutMs: number
  readonly expiresAt: number
  state: State
  resolvedAt: number | undefined
  message: string | undefined
  /** Ends the timer and the listening to the caller. */
  stop: () => void
  readonly decide: (outcome: PermissionOutcome) => void
}

/** What desks hear of a request. */
export function requestOf(entry: PermissionEntry, now: number): PermissionRequest {
  const { asked } = entry
  return {
    type: 'permission_request',
    request_id: entry.id,
    tool_name: asked.tool,
    input: asked.input ?? null,
    created_at: isoTime(entry.createdAt),
    expires_at: isoTime(entry.expiresAt),
    timeout_seconds: entry.timeoutMs / 1000,
    time_remaining: remaining(entry, now),
    session_id: asked.session ?? null,
    tool_use_id: asked.toolUseId ?? null,
    title: asked.title ?? null,
    description: asked.description ?? null,
    decision_reason: asked.decisionReason ?? null,
    blocked_path: asked.blockedPath ?? null,
    default_to_no: asked.defaultToNo === true,
    once_only: asked.onceOnly === true,
  }
}

/** What can be looked up of a request. */
export function stateOf(entry: PermissionEntry, now: number): PermissionState {
  const { asked, state, resolvedAt } = entry
  return {
    request_id: entry.id,
    tool_name: asked.tool,
    input: asked.input ?? null,
    status: state === 'cancelled' ? 'denied' : state,
    created_at: isoTime(entry.createdAt),
    expires_at: isoTime(entry.expiresAt),
    time_remaining: remaining(entry, now),
    resolved_at: resolvedAt === undefined ? null : isoTime(resolvedAt),
    message: entry.message ?? null,
    session_id: asked.session ?? null,
  }
}

/** What desks hear of a request's end. */
export function endOf(entry: PermissionEntry, at: number, state: EndState): PermissionEvent {
  if (state === 'expired') {
    return { type: 'permission_expired', request_id: entry.id, expired_at: isoTime(at) }
  }
  return {
    type: 'permission_resolved',
    request_id: entry.id,
    allowed: state === 'allowed',
    resolved_at: isoTime(at),
    reason: state === 'cancelled' ? 'cancelled' : 'answered',
    message: entry.message ?? null,
  }
}

/** Seconds. */
function remaining(entry: PermissionEntry, now: number): number {
  return entry.state === 'pending' ? Math.max(0, (entry.expiresAt - now) / 1000) : 0
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
