import { ProxyError } from '../../kit/error.ts'
import { checkRequest } from '../../protocol/messages/check.ts'
import { checkThread } from '../../protocol/messages/check-thread.ts'
import type { MessagesRequest } from '../../protocol/messages/schema.ts'
import { foreignSystem } from '../../protocol/messages/system.ts'
import type { Note } from '../../protocol/protocol.ts'
import { isStandInUser } from '../../protocol/stand-in-user.ts'
import { isBlank } from '../../protocol/value.ts'
import { alternating, type HistoryMessage } from './history.ts'
import {
  EFFORTS,
  type Effort,
  type Launch,
  plainNames,
  type Thinking,
  type Tuning,
} from './launch.ts'
import { type PlanOptions, type RequestTools, readTools } from './plan-tools.ts'

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

/** How requests are read. */
export interface ReadOptions extends PlanOptions {
  /** The client asked in another protocol. */
  readonly translated: boolean
}

/** Fields that go up in the body as they are, by CLAUDE_CODE_EXTRA_BODY. */
const CARRIED = ['stop_sequences', 'temperature', 'top_p', 'top_k', 'service_tier'] as const
/** Those that must not be in the requests that Claude Code's own tools make by themselves, on other models. */
const CARRIED_ALONE = ['max_tokens', 'thinking'] as const

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
  'output_format',
  'metadata',
])

/**
 * Reads a request; what Claude Code cannot do is a note.
 * @throws ProxyError invalid_request that names the field
 */
export function readPlan(body: unknown, options: ReadOptions): Plan {
  const request = checkRequest(body)
  checkThread(request)
  const notes: Note[] = []
  for (const name of Object.keys(request)) {
    if (!KNOWN.has(name)) notes.push(`${name}: Claude Code has no such setting`)
  }
  const user = request.metadata?.user_id
  // Of an id that the translation made up nothing of the client's is lost.
  if (user && !(options.translated && isStandInUser(user))) {
    notes.push('metadata.user_id: Claude Code sends its own')
  }
  const messages = alternating(request.messages)
  const prompt = messages.pop()
  checkMessages(messages, prompt)
  const launch = launchOf(request, readTools(request, options, notes))
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
  // Claude Code would leave such a message out and ask for an answer all the same; the API refuses it.
  if (prompt.content.every(({ type, text = '' }) => type === 'text' && isBlank(text))) {
    throw invalid('messages', 'the last one has white space only')
  }
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

function launchOf(request: MessagesRequest, tools: RequestTools): Launch {
  return {
    system: foreignSystem(request.system)
      .map((block) => block.text ?? '')
      .join('\n\n'),
    ownTools: tools.own,
    servers: tools.servers,
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
  const alone = plainNames(launch)
  const body: Record<string, unknown> = {}
  for (const name of alone ? [...CARRIED, ...CARRIED_ALONE] : CARRIED) {
    if (request[name] !== undefined) body[name] = request[name]
  }
  const config = outputConfig(request)
  // Beside the effort there is the form of the answer, which Claude Code has another way of asking for.
  if (Object.keys(config).some((name) => name !== 'effort')) body.output_config = config
  const choice = request.tool_choice
  if (choice !== undefined && launch.callerTools.length > 0) {
    // A tool that must be called would be called again and again by Claude Code with its own.
    const forces = choice.type !== 'auto' && choice.type !== 'none'
    if (!forces || (alone && !launch.servers)) body.tool_choice = choice
    else notes.push(`tool_choice: "auto" beside Claude Code's own tools`)
  }
  return { model: request.model, effort: effortOf(config), maxTokens: request.max_tokens, body }
}

/** Structured outputs had a field of their own before they had a place here. @see wire.md 1.2 */
function outputConfig(request: MessagesRequest): NonNullable<MessagesRequest['output_config']> {
  const { output_config: config = {}, output_format: format } = request
  return format === undefined || format === null ? config : { format, ...config }
}

function effortOf({ effort }: { readonly effort?: string | null }): Effort | undefined {
  const known = EFFORTS.find((each) => each === effort)
  if (typeof effort === 'string' && known === undefined) {
    throw invalid('output_config.effort', `it must be one of ${EFFORTS.join(', ')}`)
  }
  return known
}
