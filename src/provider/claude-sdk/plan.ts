import { ProxyError } from '../../kit/error.ts'
import { checker } from '../../protocol/check.ts'
import { MessagesRequest } from '../../protocol/messages/schema.ts'
import { foreignSystem } from '../../protocol/messages/system.ts'
import type { Note } from '../../protocol/protocol.ts'
import { alternating, type HistoryMessage } from './history.ts'
import {
  type CallerTool,
  EFFORTS,
  type Launch,
  plainNames,
  type Thinking,
  type Tuning,
} from './launch.ts'
import { readTools } from './plan-tools.ts'

/** What the settings say of every request. */
export interface PlanOptions {
  /** Claude Code's own tools: all, or these. */
  readonly tools: 'all' | readonly string[]
  /** Whether they stay where a request brings tools of its own. */
  readonly mixTools: boolean
}

/** A Messages request as Claude Code can serve it. */
export interface Plan {
  readonly launch: Launch
  readonly tuning: Tuning
  readonly history: readonly HistoryMessage[]
  readonly prompt: HistoryMessage
  readonly stopSequences: readonly string[]
  readonly stream: boolean
  readonly notes: readonly Note[]
}

const check = checker(MessagesRequest)

/** Fields that go up in the body as they are, by CLAUDE_CODE_EXTRA_BODY. */
const CARRIED = ['stop_sequences', 'temperature', 'top_p', 'top_k'] as const

/** Fields that are carried, or that Claude Code fills in by itself. */
const KNOWN: ReadonlySet<string> = new Set([
  ...CARRIED,
  'model',
  'max_tokens',
  'messages',
  'system',
  'stream',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'metadata',
])

/**
 * Reads a request; what Claude Code cannot do is a note.
 * @throws ProxyError invalid_request that names the field
 */
export function readPlan(body: unknown, options: PlanOptions): Plan {
  const request = check(body)
  const notes: Note[] = []
  for (const name of Object.keys(request)) {
    if (!KNOWN.has(name)) notes.push(`${name}: Claude Code has no such setting`)
  }
  const messages = alternating(request.messages)
  const prompt = messages.pop()
  checkMessages(messages, prompt)
  const launch = launchOf(request, readTools(request, notes), options)
  return {
    launch,
    tuning: tuningOf(request, launch, notes),
    history: messages,
    prompt,
    stopSequences: request.stop_sequences?.filter((text) => text !== '') ?? [],
    stream: request.stream === true,
    notes,
  }
}

function checkMessages(
  history: readonly HistoryMessage[],
  prompt: HistoryMessage | undefined,
): asserts prompt is HistoryMessage {
  if (prompt === undefined) throw invalid('messages', 'send at least one message with content')
  if (prompt.role !== 'user') {
    throw invalid(
      'messages',
      'the last one must be the user’s: Claude Code cannot go on with an answer',
    )
  }
  if (history[0]?.role === 'assistant') throw invalid('messages.0', 'the first must be the user’s')
}

function invalid(field: string, detail: string): ProxyError {
  return new ProxyError('invalid_request', `Cannot serve "${field}": ${detail}`, { field })
}

function launchOf(
  request: MessagesRequest,
  tools: { readonly caller: readonly CallerTool[]; readonly own: readonly string[] },
  options: PlanOptions,
): Launch {
  const keeps = options.mixTools || tools.caller.length === 0
  const own = keeps ? options.tools : []
  return {
    system: foreignSystem(request.system)
      .map((block) => block.text ?? '')
      .join('\n\n'),
    ownTools: own === 'all' ? own : [...new Set([...own, ...tools.own])],
    callerTools: tools.caller,
    thinking: thinkingOf(request),
  }
}

/** As with the API a request that does not ask for thinking gets none. */
function thinkingOf({ thinking }: MessagesRequest): Thinking {
  switch (thinking?.type) {
    case 'enabled':
      return { type: 'enabled', budgetTokens: thinking.budget_tokens ?? 1024 }
    case undefined:
    case 'disabled':
      return { type: 'disabled' }
    default:
      return { type: 'adaptive' }
  }
}

function tuningOf(request: MessagesRequest, launch: Launch, notes: Note[]): Tuning {
  const body: Record<string, unknown> = {}
  for (const name of CARRIED) if (request[name] !== undefined) body[name] = request[name]
  const { output_config: config, tool_choice: choice } = request
  const effort = EFFORTS.find((known) => known === config?.effort)
  // Beside the effort there is the form of the answer, which Claude Code has another way of asking for.
  if (config !== undefined && Object.keys(config).some((name) => name !== 'effort')) {
    body.output_config = config
  }
  if (choice !== undefined && choice.type !== 'none') {
    // A tool that must be called would be called again and again by Claude Code with its own.
    if (plainNames(launch)) body.tool_choice = choice
    else if (choice.type !== 'auto')
      notes.push(`tool_choice: "auto" beside Claude Code's own tools`)
  }
  return { model: request.model, effort, maxTokens: request.max_tokens, body }
}
