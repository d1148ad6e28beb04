import { isRecord, parseJson } from '../kit/json.ts'
import type { ProtocolName } from '../protocol/protocol.ts'
import { isStream, messageOfStream } from './bodies.ts'
import { redact } from './redact.ts'

/** What a panel shows of a body: not made safe for a terminal yet, but without secrets. */
export interface Preview {
  readonly text: string
  /** Messages and tools of a request. */
  readonly messages?: number
  readonly tools?: number
}

/** Read beyond what is shown, so that a secret at the cut is seen whole: a private key has some 3 KB. */
const SLACK = 8192
/** A larger body is not looked into: that would take the time of the requests. */
const MOST_BYTES = 4_194_304
const REMINDER = '<system-reminder>'

/** What a client asked last. */
export function previewRequest(bytes: Uint8Array, length: number): Preview {
  if (bytes.length > MOST_BYTES) return { text: `(${bytes.length} bytes)` }
  const text = new TextDecoder().decode(bytes)
  const body = parseJson(text)
  if (!isRecord(body)) return { text: shown([text], length) }
  const { messages, input, tools } = body
  const turns = Array.isArray(messages) ? messages : Array.isArray(input) ? input : [input]
  return {
    text: shown(
      turnTexts(turns.findLast((turn) => !isSystem(turn)) ?? turns.at(-1), length),
      length,
    ),
    messages: turns.length,
    tools: Array.isArray(tools) ? tools.length : 0,
  }
}

/** Claude Code tells of its environment behind the user's words (2.1, 2026-11). */
function isSystem(turn: unknown): boolean {
  return isRecord(turn) && (turn.role === 'system' || turn.role === 'developer')
}

/** What a client was answered, as far as it was kept. */
export function previewReply(
  parts: readonly Uint8Array[],
  protocol: ProtocolName | undefined,
  length: number,
): Preview {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  if (size > MOST_BYTES) return { text: `(${size} bytes)` }
  const whole = Buffer.concat(parts)
  if (protocol !== undefined && isStream(whole)) {
    return { text: shown(replyTexts(messageOfStream(whole, protocol), length), length) }
  }
  const text = whole.toString('utf8')
  const body = parseJson(text)
  if (!isRecord(body)) return { text: shown([text], length) }
  const texts = replyTexts(body, length)
  return { text: shown(texts.length === 0 ? [text] : texts, length) }
}

/** The texts of one item of a conversation, in any of the three protocols. */
function turnTexts(turn: unknown, length: number): string[] {
  if (typeof turn === 'string') return [cut(turn, length)]
  if (!isRecord(turn)) return []
  const { content, tool_calls: calls } = turn
  if (turn.role === 'tool') return [`[tool result] ${contentText(content, length)}`]
  if (content === undefined) return partTexts(turn, length)
  const called = Array.isArray(calls) ? calls.flatMap((one) => partTexts(one, length)) : []
  return [...contentTexts(content, length), ...called]
}

/** The texts of a reply: of a message, a completion, a response or an error. */
function replyTexts(body: Readonly<Record<string, unknown>>, length: number): string[] {
  const { error, content, choices, output } = body
  const texts: string[] = []
  if (Array.isArray(content)) texts.push(...contentTexts(content, length))
  if (Array.isArray(choices) && isRecord(choices[0])) {
    texts.push(...turnTexts(choices[0].message, length))
  }
  if (Array.isArray(output)) texts.push(...output.flatMap((item) => turnTexts(item, length)))
  if (isRecord(error) && typeof error.message === 'string') texts.push(cut(error.message, length))
  return texts
}

function contentTexts(content: unknown, length: number): string[] {
  if (typeof content === 'string') return [cut(content, length)]
  if (!Array.isArray(content)) return []
  return content.flatMap((part) => partTexts(part, length))
}

function contentText(content: unknown, length: number): string {
  return typeof content === 'string'
    ? cut(content, length)
    : contentTexts(content, length).join('\n')
}

function partTexts(part: unknown, length: number): string[] {
  if (!isRecord(part)) return []
  const { type, text, name } = part
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return typeof text === 'string' ? [withoutReminder(text, length)] : []
    case 'thinking':
      return typeof part.thinking === 'string' ? [`(thinking) ${cut(part.thinking, length)}`] : []
    case 'refusal':
      return [cut(String(part.refusal), length)]
    case 'tool_use':
    case 'server_tool_use':
      return [`[${name}] ${asText(part.input, length)}`]
    case 'function':
      return isRecord(part.function)
        ? [`[${part.function.name}] ${asText(part.function.arguments, length)}`]
        : []
    case 'function_call':
      return [`[${name}] ${asText(part.arguments, length)}`]
    case 'tool_result':
      return [`[tool result] ${contentText(part.content, length)}`]
    case 'function_call_output':
      return [`[tool result] ${contentText(part.output, length)}`]
    default:
      // Images, files and what vendors add: that it is there is enough.
      return typeof type === 'string' ? [`[${cut(type, 40)}]`] : []
  }
}

/** What Claude Code puts before the user's words is known to everybody. */
function withoutReminder(text: string, length: number): string {
  return text.startsWith(REMINDER)
    ? `[system-reminder, ${text.length} characters]`
    : cut(text, length)
}

/** Arguments are the text of JSON in OpenAI's protocols and in the pieces of a stream. */
function asText(value: unknown, length: number): string {
  return cut(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), length)
}

function cut(text: string, length: number): string {
  return text.length > length + SLACK ? text.slice(0, length + SLACK) : text
}

function shown(texts: readonly string[], length: number): string {
  const text = redact(cut(texts.join('\n'), length)).trim()
  return text.length > length ? `${text.slice(0, length).toWellFormed()}…` : text.toWellFormed()
}
