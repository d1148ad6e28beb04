import { textOf } from '../value.ts'
import type { MessagesRequest } from './schema.ts'

const ORDER = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** The effort that a request asks for: named, or by its thinking budget; nothing where it leaves it to the model. */
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
  return budget <= 24_576 ? 'high' : 'xhigh'
}

/**
 * The level itself where it is known, else the next weaker one that is, else the weakest; nothing where thinking can
 * only be turned off.
 */
export function clampEffort(wanted: string, levels: readonly string[]): string | undefined {
  if (levels.includes(wanted)) return wanted
  const known = ORDER.filter((level) => levels.includes(level))
  const rank = ORDER.indexOf(wanted)
  const weaker = known.filter((level) => ORDER.indexOf(level) <= rank)
  return weaker.at(-1) ?? known[0] ?? levels.find((level) => level !== 'none')
}
