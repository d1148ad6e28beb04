import { isRecord } from '../../kit/json.ts'
import { clampEffort, wantedEffort } from '../messages/effort.ts'
import type { MessagesRequest } from '../messages/schema.ts'
import type { Profile } from '../profile.ts'
import type { Note, Turn } from '../protocol.ts'
import { textOf } from '../value.ts'

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
  if (!profile.encrypted_reasoning)
    return level === undefined ? {} : { reasoning: { effort: level } }
  const reasoning = {
    ...(level === undefined ? {} : { effort: level }),
    ...(showsThinking(request) ? { summary: 'auto' } : {}),
  }
  return {
    ...(Object.keys(reasoning).length === 0 ? {} : { reasoning }),
    include: ['reasoning.encrypted_content'],
  }
}

function levelOf(wanted: string, profile: Profile, notes: Note[]): string | undefined {
  const { effort_levels: levels, name } = profile
  const level = clampEffort(wanted, levels)
  if (level === undefined) {
    notes.push(`output_config.effort: not supported by "${name}", dropped`)
  } else if (level !== wanted) {
    notes.push(`output_config.effort: "${wanted}" sent as "${level}", what "${name}" knows`)
  }
  return level
}

function showsThinking(request: MessagesRequest): boolean {
  const thinking: unknown = request.thinking
  return isRecord(thinking) && thinking.display !== 'omitted'
}
