import type { Note } from '../protocol.ts'
import { clampEffort } from './effort.ts'
import type { ModelCapabilities } from './models.ts'
import type { MessagesRequest } from './schema.ts'

/** The least thinking budget that Anthropic takes, in tokens. */
const LEAST_BUDGET = 1024

const BUDGET_OF_EFFORT: Readonly<Record<string, number>> = {
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 32_000,
  max: 32_000,
}

/** Thinking, effort and a forced tool choice as the model takes them together. @see wire.md 1.2, translation.md F20 */
export function fitThinking(
  request: MessagesRequest,
  capabilities: ModelCapabilities | undefined,
  notes: Note[],
): MessagesRequest {
  if (capabilities === undefined) return request
  const thinking = thinkingFor(request, capabilities, notes)
  const fitted = withThinking(request, thinking)
  const chosen = choose(effortFor(fitted, capabilities, notes), capabilities, notes)
  return capabilities.thinksUnasked ? calmed(chosen, notes) : chosen
}

type Thinking = MessagesRequest['thinking']

function thinkingFor(
  request: MessagesRequest,
  capabilities: ModelCapabilities,
  notes: Note[],
): Thinking {
  const { thinking } = request
  if (thinking === undefined || capabilities.thinking.some((type) => type === thinking.type)) {
    return bounded(thinking, request, notes)
  }
  const substitute = substituteFor(request, capabilities)
  const sent = substitute === undefined ? 'left out' : `sent as "${substitute.type}"`
  notes.push(`thinking: "${thinking.type}" is not taken by the model, ${sent}`)
  return bounded(substitute, request, notes)
}

/** The nearest thing that the model knows: thinking stays on, or is turned off as far as it can be. */
function substituteFor(request: MessagesRequest, capabilities: ModelCapabilities): Thinking {
  const { thinking } = capabilities
  const wanted = request.thinking
  if (wanted?.type === 'disabled') {
    return thinking.includes('between_tools') ? { type: 'between_tools' } : undefined
  }
  if (thinking.includes('adaptive')) {
    const display = wanted?.display
    return { type: 'adaptive', ...(display === undefined ? {} : { display }) }
  }
  if (!thinking.includes('enabled')) return undefined
  const effort = request.output_config?.effort ?? 'high'
  return { type: 'enabled', budget_tokens: BUDGET_OF_EFFORT[effort] ?? BUDGET_OF_EFFORT.high! }
}

/** A budget must leave room for the answer. */
function bounded(thinking: Thinking, request: MessagesRequest, notes: Note[]): Thinking {
  if (thinking?.type !== 'enabled') return thinking
  const most = (request.max_tokens ?? Number.POSITIVE_INFINITY) - 1
  const wanted = thinking.budget_tokens ?? LEAST_BUDGET
  const budget_tokens = Math.max(LEAST_BUDGET, Math.min(wanted, most))
  const why = budget_tokens > most ? 'max_tokens leaves no room' : unthinkable(request)
  if (why !== undefined) {
    notes.push(`thinking: left out, ${why}`)
    return undefined
  }
  if (budget_tokens !== wanted)
    notes.push(`thinking.budget_tokens: ${wanted} sent as ${budget_tokens}`)
  return { ...thinking, budget_tokens }
}

/** Why the conversation so far leaves no place for thinking. */
function unthinkable(request: MessagesRequest): string | undefined {
  if (request.messages.at(-1)?.role === 'assistant') return 'the answer has already begun'
  return callsWithoutThinking(request) ? 'the open tool call has none' : undefined
}

/** With a fixed budget Anthropic wants the turn of an open tool call to begin with its thinking. */
function callsWithoutThinking(request: MessagesRequest): boolean {
  const last = request.messages.findLast((message) => message.role === 'assistant')
  if (last === undefined || typeof last.content === 'string') return false
  const answered = request.messages.at(-1)
  const open =
    Array.isArray(answered?.content) &&
    answered.content.some((block) => block.type === 'tool_result')
  const thought =
    last.content[0]?.type === 'thinking' || last.content[0]?.type === 'redacted_thinking'
  return open && !thought && last.content.some((block) => block.type === 'tool_use')
}

function withThinking(request: MessagesRequest, thinking: Thinking): MessagesRequest {
  const { thinking: _asked, ...rest } = request
  return thinking === undefined ? rest : { ...rest, thinking }
}

function effortFor(
  request: MessagesRequest,
  capabilities: ModelCapabilities,
  notes: Note[],
): MessagesRequest {
  const effort = request.output_config?.effort
  if (typeof effort !== 'string' || capabilities.efforts.includes(effort)) return request
  const { effort: _asked, ...rest } = request.output_config ?? {}
  const level = clampEffort(effort, capabilities.efforts)
  if (level !== undefined) {
    notes.push(`output_config.effort: "${effort}" sent as "${level}"`)
    return { ...request, output_config: { ...rest, effort: level } }
  }
  if (request.thinking === undefined) {
    notes.push(`output_config.effort: "${effort}" is not taken by the model, dropped`)
  }
  const { output_config: _config, ...without } = request
  return Object.keys(rest).length === 0 ? without : { ...without, output_config: rest }
}

/** A forced tool and thinking exclude each other: thinking goes where it can, else the choice is relaxed. */
function choose(
  request: MessagesRequest,
  capabilities: ModelCapabilities,
  notes: Note[],
): MessagesRequest {
  const choice = request.tool_choice
  if (choice?.type !== 'any' && choice?.type !== 'tool') return request
  const on = request.thinking !== undefined && request.thinking.type !== 'disabled'
  const always = !capabilities.thinking.includes('disabled') && capabilities.thinking.length > 0
  if (capabilities.forcedTool && !on && !always) return request
  if (capabilities.forcedTool && !always) {
    notes.push('thinking: left out for this turn, the tool choice is forced')
    return withThinking(request, capabilities.thinksUnasked ? { type: 'disabled' } : undefined)
  }
  notes.push(`tool_choice: "${choice.type}" relaxed to auto, the model cannot be forced`)
  const { name: _name, ...rest } = choice
  return { ...request, tool_choice: { ...rest, type: 'auto' } }
}

/** An effort above high is refused of a model that thinks by itself and is told not to. */
function calmed(request: MessagesRequest, notes: Note[]): MessagesRequest {
  const { thinking, output_config: config } = request
  const effort = config?.effort
  const quiet = thinking?.type === 'disabled' || thinking?.type === 'between_tools'
  if (!quiet || (effort !== 'xhigh' && effort !== 'max')) return request
  notes.push(`output_config.effort: "${effort}" sent as "high", the most without thinking`)
  return { ...request, output_config: { ...config, effort: 'high' } }
}
