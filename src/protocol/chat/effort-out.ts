import type { MessagesRequest } from '../messages/schema.ts'
import type { Profile } from '../profile.ts'
import type { Hints, Note } from '../protocol.ts'
import { textOf } from '../value.ts'

const ORDER = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** How hard the model is to think, in the upstream's words: one field, or none. */
export function effortOut(
  request: MessagesRequest,
  hints: Hints,
  profile: Profile,
  notes: Note[],
): Record<string, unknown> {
  const off = request.thinking?.type === 'disabled' || hints.reasoning_effort === 'none'
  if (off) return switchedOff(profile)
  const toggle = request.thinking === undefined ? {} : toggled(profile, true)
  const wanted = textOf(hints.reasoning_effort) ?? wantedEffort(request)
  if (wanted === undefined) return toggle
  if (profile.effort_levels.length === 0) {
    notes.push(`output_config.effort: not supported by "${profile.name}", dropped`)
    return toggle
  }
  const level = clamp(wanted, profile.effort_levels)
  if (level !== wanted) {
    notes.push(`output_config.effort: "${wanted}" sent as "${level}", what "${profile.name}" knows`)
  }
  return { ...toggle, ...effortField(profile, level) }
}

/** The effort that a request asks for: named, or by its thinking budget. */
export function wantedEffort(request: MessagesRequest): string | undefined {
  const named = textOf(request.output_config?.effort)
  if (named !== undefined) return named
  const { thinking } = request
  if (thinking?.type !== 'enabled' || thinking.budget_tokens === undefined) return undefined
  return effortOfBudget(thinking.budget_tokens)
}

/** @see translation.md A34 */
function effortOfBudget(budget: number): string {
  if (budget <= 1024) return 'low'
  if (budget <= 8192) return 'medium'
  return budget <= 24576 ? 'high' : 'xhigh'
}

/** The level itself, else the next weaker one that is known, else the weakest. */
function clamp(wanted: string, levels: readonly string[]): string {
  if (levels.includes(wanted)) return wanted
  const known = ORDER.filter((level) => levels.includes(level))
  const rank = ORDER.indexOf(wanted)
  const weaker = known.filter((level) => ORDER.indexOf(level) <= rank)
  return weaker.at(-1) ?? known[0] ?? levels[0] ?? wanted
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
