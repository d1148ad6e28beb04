import { clampEffort, wantedEffort } from '../messages/effort.ts'
import type { Profile } from '../profile.ts'
import type { Note, Turn } from '../protocol.ts'
import { textOf } from '../value.ts'

/** How hard the model is to think, in the upstream's words: one field, or none. */
export function effortOut(
  { request, hints }: Turn,
  profile: Profile,
  notes: Note[],
  withTools: boolean,
): Record<string, unknown> {
  const off = request.thinking?.type === 'disabled' || hints.reasoning_effort === 'none'
  if (off) return switchedOff(profile)
  if (withTools && !profile.effort_with_tools) {
    notes.push(
      `output_config.effort: "${profile.name}" does not think beside tools on Chat Completions, use wire = "responses"`,
    )
    return switchedOff(profile)
  }
  if (!profile.whole_thinking && request.thinking !== undefined && request.stream !== true) {
    notes.push(`thinking: "${profile.name}" thinks in streams only, left out`)
    return switchedOff(profile)
  }
  const toggle = request.thinking === undefined ? {} : toggled(profile, true)
  const wanted = textOf(hints.reasoning_effort) ?? wantedEffort(request)
  if (wanted === undefined) return toggle
  const level = clampEffort(wanted, profile.effort_levels)
  if (level === undefined) {
    notes.push(`output_config.effort: not supported by "${profile.name}", dropped`)
    return toggle
  }
  if (level !== wanted) {
    notes.push(`output_config.effort: "${wanted}" sent as "${level}", what "${profile.name}" knows`)
  }
  return { ...toggle, ...effortField(profile, level) }
}

function switchedOff(profile: Profile): Record<string, unknown> {
  if (profile.thinking_toggle !== 'none') return toggled(profile, false)
  return profile.effort_levels.includes('none') ? effortField(profile, 'none') : {}
}

function toggled(profile: Profile, on: boolean): Record<string, unknown> {
  switch (profile.thinking_toggle) {
    case 'none':
      return {}
    case 'thinking':
      return { thinking: { type: on ? 'enabled' : 'disabled' } }
    case 'enable_thinking':
      return { enable_thinking: on }
  }
}

function effortField(profile: Profile, level: string): Record<string, unknown> {
  return profile.effort_field === 'reasoning'
    ? { reasoning: { effort: level } }
    : { reasoning_effort: level }
}
