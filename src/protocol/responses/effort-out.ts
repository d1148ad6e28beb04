import type { MessagesRequest } from '../messages/schema.ts'
import type { Profile } from '../profile.ts'
import type { Note, Turn } from '../protocol.ts'
import { isRecord, textOf } from '../value.ts'

const ORDER = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/**
 * How hard the model is to think, and that its reasoning comes back encrypted, so that it can be replayed
 * without being stored. A request that says nothing of thinking gets neither field.
 */
export function effortOut(turn: Turn, profile: Profile, notes: Note[]): object {
  const { request, hints } = turn
  if (request.thinking?.type === 'disabled' || hints.reasoning_effort === 'none') {
    return profile.effort_levels.includes('none') ? { reasoning: { effort: 'none' } } : {}
  }
  const wanted = textOf(hints.reasoning_effort) ?? wantedEffort(request)
  if (wanted === undefined && request.thinking === undefined) return {}
  const level = wanted === undefined ? undefined : levelOf(wanted, profile, notes)
  const reasoning = {
    ...(level === undefined ? {} : { effort: level }),
    ...(showsThinking(request) ? { summary: 'auto' } : {}),
  }
  return {
    ...(Object.keys(reasoning).length === 0 ? {} : { reasoning }),
    include: ['reasoning.encrypted_content'],
  }
}

/** @see translation.md A34, A35 */
function wantedEffort(request: MessagesRequest): string | undefined {
  const named = textOf(request.output_config?.effort)
  if (named !== undefined) return named
  const budget = request.thinking?.budget_tokens
  if (budget === undefined) return undefined
  if (budget <= 1024) return 'low'
  if (budget <= 8192) return 'medium'
  return budget <= 24576 ? 'high' : 'xhigh'
}

function levelOf(wanted: string, profile: Profile, notes: Note[]): string | undefined {
  const { effort_levels: levels, name } = profile
  if (levels.length === 0) {
    notes.push(`output_config.effort: not supported by "${name}", dropped`)
    return undefined
  }
  const level = clamp(wanted, levels)
  if (level !== wanted) {
    notes.push(`output_config.effort: "${wanted}" sent as "${level}", what "${name}" knows`)
  }
  return level
}

/** The level itself, else the next weaker one that is known, else the weakest. */
function clamp(wanted: string, levels: readonly string[]): string {
  if (levels.includes(wanted)) return wanted
  const known = ORDER.filter((level) => levels.includes(level))
  const rank = ORDER.indexOf(wanted)
  const weaker = known.filter((level) => ORDER.indexOf(level) <= rank)
  return weaker.at(-1) ?? known[0] ?? wanted
}

function showsThinking(request: MessagesRequest): boolean {
  const thinking: unknown = request.thinking
  return isRecord(thinking) && thinking.display !== 'omitted'
}
